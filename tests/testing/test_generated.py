"""The random kernels themselves, and the virtual machine and passes on them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import Phase, given, seed, settings
from hypothesis import strategies as st

from tilevm import run
from tilevm.ir import REGISTRY, Builder, For
from tilevm.testing import (
    Generated,
    assert_equal_everywhere,
    assert_same,
    inputs,
    kernels,
    layouts,
    load_case,
    save_case,
    shapes,
)
from tilevm.testing.kernels import CONTROL
from tilevm.testing.oracles import ways

CRASHES = sorted((Path(__file__).parents[1] / "programs" / "crash").glob("*.tile"))
SEEDS = st.integers(0, 99)


@settings(max_examples=settings.default.max_examples // 2)  # type: ignore[union-attr]
@given(kernels(buildable=False), SEEDS)
def test_every_way_to_run_gives_one_result(made: Generated, seed: int) -> None:
    arguments = inputs(made.kernel, made.sizes, seed=seed)
    assert_equal_everywhere(made.kernel, arguments, note=f"seed {seed}")


@pytest.mark.parametrize("path", CRASHES, ids=lambda path: path.stem)
def test_kept_cases(path: Path) -> None:
    kernel, arguments = load_case(path)
    want = run(kernel, arguments)
    for way in ways(kernel, arguments, want, note=str(path)):
        if way.name != "in a checked run":  # some of them race: they were kept for what came out
            way.check()


UNREACHED = {
    "decode": "takes codes, which other ops refuse; tests/vm/test_random_programs.py has it",
    "print": "says something, computes nothing",
    "watch": "says something, computes nothing",
    "assert": "would have to hold",
    "assume": "would have to hold",
    "expect": "would have to hold",
}


def test_the_generator_reaches_every_op() -> None:
    reached: set[str] = set()
    swaps = False

    @settings(max_examples=10, phases=[Phase.generate], database=None)
    @given(kernels(statements=40, depth=1, buildable=False))
    def collect(made: Generated) -> None:
        nonlocal swaps
        for op in made.kernel.body.walk():
            reached.add(op.name)
            if isinstance(op, For) and len(op.params) > 1:
                swaps = swaps or op.body.yields[0] is op.params[-1]

    wanted = {*REGISTRY, *CONTROL} - set(UNREACHED)
    for number in range(200):  # the same programs each time; the seldom ops take more of them
        seed(number)(collect)()
        if wanted <= reached and swaps:
            break
    assert {*REGISTRY, *CONTROL} - reached == set(UNREACHED)
    assert swaps, "no loop hands one carried value on as another"


@given(st.data())
def test_layouts_have_the_shape_asked_for(data: st.DataObject) -> None:
    shape = data.draw(shapes())
    assert data.draw(layouts(shape)).shape == shape
    assert data.draw(layouts(shape, copies=False)).copies == 1


@given(kernels(statements=5), SEEDS)
def test_a_saved_case_replays(
    tmp_path_factory: pytest.TempPathFactory, made: Generated, seed: int
) -> None:
    arguments = inputs(made.kernel, made.sizes, seed=seed)
    path = save_case(tmp_path_factory.mktemp("case") / "one", made.kernel, arguments, note="why")
    kernel, again = load_case(path)
    assert kernel == made.kernel
    assert_same(kernel, run(made.kernel, arguments), run(kernel, again), "replayed", f"seed {seed}")


def test_a_difference_names_the_first_wrong_element() -> None:
    k = Builder("k")
    y = k.buffer("y", "i8", 4)
    k.store(k.full("i8[4]", value=3), y[0])
    want = run(k.kernel())
    wrong = {"y": np.array([3, 3, 4, 5])}
    with pytest.raises(AssertionError, match=r"by hand: `y\[2\]` is 4, not 3 \(2 of 4 elements"):
        assert_same(k.kernel(), want, wrong, "by hand")
