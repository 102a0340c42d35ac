"""Random programs as hardware: every beat is the virtual machine's, every firing the model's.

`Design.simulate` checks both.  ``--long`` tries fifty times as many programs.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import hdl
import tilevm
from hdl.sim.amaranth import run as simulate
from hdl.timing import simulate_timing
from tilevm.testing import Form, Generated, assert_same, inputs, kernels, load_case, simulated

CASES = Path(__file__).parents[1] / "programs" / "crash"
CRASHES = sorted(CASES.glob("*.tile"))
SEEDS = st.integers(0, 99)


def examples(share: float) -> settings:
    """A share of what the profile asks for."""
    return settings(max_examples=int(settings.default.max_examples * share))  # type: ignore[union-attr]


@st.composite
def forms(draw: st.DrawFn) -> Form:
    """Lanes that divide, do not divide and exceed tiles; groups that do not divide the depth."""
    return Form(
        dot=draw(st.sampled_from(["lut", "mac"])),
        lanes=draw(st.sampled_from([16, 1, 2, 3, 4, 7, 8, 64])),
        group=draw(st.sampled_from([4, 1, 2, 3, 5])),
        table=draw(st.sampled_from(["activations", "weights"])),
        stall=draw(st.sampled_from([0.0, 0.3, 0.6])),
        seed=draw(SEEDS),
    )


@examples(0.4)
@given(kernels(), forms(), SEEDS)
def test_hardware_equals_the_machine(made: Generated, form: Form, seed: int) -> None:
    arguments = inputs(made.kernel, made.sizes, seed=seed)
    want = tilevm.run(made.kernel, arguments)
    assert simulated(made.kernel, arguments, want, form, f"seed {seed}"), "it has a rule for all"


@examples(0.1)
@given(kernels(statements=8), forms(), SEEDS)
def test_launches_back_to_back(made: Generated, form: Form, seed: int) -> None:
    """A second launch follows at once, with other data: nothing of the first is left over."""
    design = hdl.build(
        made.kernel,
        dot=form.dot,
        lanes=form.lanes,
        group=form.group,
        table=form.table,
        sizes=made.sizes,
    )
    both = [inputs(made.kernel, made.sizes, seed=n) for n in (seed, seed + 1)]
    fed = [design.feed(arguments) for arguments in both]
    feeds = {name: np.concatenate([one[name] for one in fed]) for name in fed[0]}
    seen = simulate(design.netlist, feeds, launches=2)
    for number, arguments in enumerate(both):
        beats = {name: np.split(values, 2)[number] for name, values in seen.outputs.items()}
        want = tilevm.run(made.kernel, arguments)
        got = design.collect(beats, arguments)
        assert_same(made.kernel, want, got, f"launch {number}", f"seed {seed}, {form}")
    predicted = simulate_timing(design.netlist, launches=2)
    for name, cycles in predicted.fires.items():
        assert np.array_equal(cycles, seen.fires[name]), f"{name}, {form}\n{made.kernel}"


@pytest.mark.parametrize("lanes", [1, 3, 16])
@pytest.mark.parametrize("path", CRASHES, ids=lambda path: path.stem)
def test_kept_cases(path: Path, lanes: int) -> None:
    kernel, arguments = load_case(path)
    want = tilevm.run(kernel, arguments)
    assert simulated(kernel, arguments, want, Form(lanes=lanes), str(path))


def test_of_stores_to_one_element_the_last_counts() -> None:
    kernel, arguments = load_case(CASES / "stores_to_one_element")
    design = hdl.build(kernel, lanes=3)
    sent = np.concatenate([port.elements.reshape(-1) for port in design.outputs])
    assert sorted(sent[sent >= 0]) == list(range(16)), "each element once"
    design.lowered.outputs.reverse()  # a receiver may serve the ports in any order
    result = design.simulate(arguments, stall=0.3, seed=1)
    assert np.array_equal(result.outputs["y"], tilevm.run(kernel, arguments)["y"])


COPY = """
kernel copy(x: global i8[N], y: global i8[N])
  grid (n = N / 4)
{
  a: i8[4] = load x[n * 4]
  store a, y[n * 4]
}
"""


def test_sizes_may_be_given_again() -> None:
    """As `tilevm.run` takes them; they must be the design's."""
    design = hdl.build(tilevm.parse(COPY)["copy"], N=8)
    result = design.simulate(x=range(8), N=8)
    assert result.outputs["y"].tolist() == list(range(8))
    with pytest.raises(tilevm.TileError, match=r"TV0412.*built for `N` = 8, not 12"):
        design.simulate(x=range(8), N=12)
