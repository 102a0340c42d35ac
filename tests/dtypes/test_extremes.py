"""The smaller and the larger of two floats against Python's, signs of zeros included."""

from __future__ import annotations

from math import copysign, isnan, nan

import numpy as np
import pytest

from tests.dtypes import oracle
from tests.dtypes.test_floats import floats


def larger(a: float, b: float) -> float:
    """The larger one, -0 < +0; NaN where one is."""
    return nan if isnan(a) or isnan(b) else max((a, copysign(1, a)), (b, copysign(1, b)))[0]


@pytest.mark.parametrize("name", ["f16", "f32", "f64"])
def test_of_all_pairs(name: str) -> None:
    t = floats(name)
    few = [0.0, t.format.smallest, 1.0, t.max, np.inf]
    values = [*few, *(-x for x in few), nan]
    for pairs in (
        [(a, b) for a in values for b in values],
        [(1.0, 2.0), (-3.0, -3.0)],
        [(0.0, -1)],
    ):
        a, b = (np.array(side) for side in zip(*pairs, strict=True))
        wanted = np.array([larger(x, y) for x, y in pairs])
        assert oracle.same(t.maximum(a, b), wanted)
        least = np.array([-larger(-x, -y) for x, y in pairs])
        assert oracle.same(t.minimum(a, b), least)
    assert t.maximum(np.array([-nan]), np.array([1.0])).view(np.uint64) == np.array([nan]).view(
        "u8"
    )
