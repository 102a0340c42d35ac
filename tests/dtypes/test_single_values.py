"""One number without an axis is rounded as an array of it, and without a warning."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from tilevm.dtypes import ROUNDINGS, FloatType, dtype


@pytest.mark.parametrize("rounding", ROUNDINGS)
@pytest.mark.parametrize("name", ["f64", "e11m1", "f16", "e4m3fn", "e8m0fnu", "e5m0fn"])
def test_a_number_without_an_axis(name: str, rounding: str) -> None:
    kind = dtype(name)
    assert isinstance(kind, FloatType)
    for x in (kind.format.smallest, 0.1, 1.0, 3.0, kind.format.largest):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            single = kind.quantise(np.float64(x), rounding, "sat")
        assert np.shape(single) == ()
        assert float(single) == kind.quantise(np.array([x]), rounding, "sat")[0]


def test_a_value_of_the_format_stays() -> None:
    """What a quotient of `quantize` met: float64 has 0.1 as it is."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert float(dtype("f64").quantise(np.float64(0.1), overflow="sat")) == 0.1
