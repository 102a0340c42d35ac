"""Extremes and their first places of floats and fixed point as hardware: NaN, -0, ties."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

import hdl
import tilevm

EXTREMES = """
type t = {kind}

kernel f(x: global t[6, 5], y: global i32[6], z: global i32[5], w: global i32[1], v: global t[6])
{{
  a: t[6, 5] = load x[0, 0]
  i = argmax a {{dim = 1, nan = {nan}}}
  j = argmin a {{dim = 0, nan = {nan}}}
  k = argmax a {{nan = {nan}, keepdims = true}}
  k1 = reshape k {{shape = [1]}}
  top = amax a {{dims = [1]}}
  store i, y[0]
  store j, z[0]
  store k1, w[0]
  store top, v[0]
}}
"""
FIXED = "fixed(i7, -3)"


def _inputs(kind: Any, seed: int) -> npt.NDArray[Any]:
    """Numbers that meet often; of floats also both zeros and NaN, and rows of these alone."""
    rng = np.random.default_rng(seed)
    if not kind.is_float:
        return np.asarray(rng.integers(-4, 4, (6, 5)) / 8)
    x = rng.choice([0.0, -0.0, 1.0, -1.0, 2.0, np.nan], (6, 5))
    x[3], x[4] = np.nan, [-0.0, 0.0, -0.0, 0.0, -0.0]
    return x


def _first(rows: npt.NDArray[Any], nan: str, sign: int) -> list[int]:
    """The first place of each row by Python's own ordering: -0 below +0, NaN as `nan` says."""

    def key(value: float) -> tuple[float, float]:
        if np.isnan(value):
            return (np.inf if nan == "propagate" else -np.inf), 0
        return sign * value, sign * np.copysign(1.0, value)

    return [max(range(len(row)), key=lambda n: (key(row[n]), -n)) for row in rows.tolist()]


@pytest.mark.parametrize("nan", ["propagate", "ignore"])
@pytest.mark.parametrize("name", ["bf16", "e5m2", FIXED])
def test_first_places(name: str, nan: str) -> None:
    text = EXTREMES.format(kind=name, nan=nan)
    if name != FIXED:
        text = text.replace(f"type t = {name}\n", "").replace(" t[", f" {name}[")
    kernel = tilevm.parse(text)["f"]
    seed = 1
    x = _inputs(kernel.param("x").dtype, seed)
    got = hdl.build(kernel, lanes=6).simulate(x=x, stall=0.3, seed=seed).outputs
    assert got["y"].tolist() == _first(x, nan, 1), f"seed {seed}: {x}"
    assert got["z"].tolist() == _first(x.T, nan, -1), f"seed {seed}: {x}"
    assert got["w"].tolist() == _first(x.reshape(1, -1), nan, 1), f"seed {seed}: {x}"
    np.testing.assert_array_equal(got["v"], tilevm.run(kernel, x=x)["v"], f"seed {seed}")
