"""Random programs through random lists of passes: results, text and well-formedness stay."""

from hypothesis import given
from hypothesis import strategies as st

from tilevm import run
from tilevm.passes import SAMPLES, canonicalise
from tilevm.testing import Generated, inputs, kernels
from tilevm.testing.oracles import assert_passes_keep

PIPELINES = st.lists(st.sampled_from(SAMPLES), min_size=2, max_size=5).map(", ".join)


@given(kernels(buildable=False), PIPELINES, st.integers(0, 99))
def test_random_pipelines(made: Generated, passes: str, seed: int) -> None:
    arguments = inputs(made.kernel, made.sizes, seed=seed)
    want = run(made.kernel, arguments)
    assert_passes_keep(made.kernel, arguments, want, f"seed {seed}", [passes])


@given(kernels(buildable=False), st.booleans())
def test_what_is_plain_stays(made: Generated, bound: bool) -> None:
    symbols = made.sizes if bound else {}
    plain = canonicalise(made.kernel, symbols)
    again = canonicalise(plain)
    assert again == plain, f"{plain}\n{again}"
