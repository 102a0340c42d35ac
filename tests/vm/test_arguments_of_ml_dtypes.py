"""Arrays of ml_dtypes are arguments like those of NumPy's own types: the same values."""

from __future__ import annotations

from pathlib import Path

import ml_dtypes
import numpy as np
import pytest

import tilevm
from tests.dtypes.test_codes import PEERS

INTEGERS = ("int2", "int4", "uint1", "uint2", "uint4")


def copied(kind: str, array: object) -> np.ndarray:
    kernel = tilevm.parse(f"""kernel k(x: global {kind}[N], y: global {kind}[N])
  grid (n = N)
{{
  t: {kind}[1] = load x[n]
  store t, y[n]
}}
""")["k"]
    tilevm.run(kernel, x=array)  # the second launch of a shape takes a shorter way
    return tilevm.run(kernel, x=array)["y"]


@pytest.mark.parametrize("kind", PEERS)
def test_every_code_of_a_float(kind: str) -> None:
    bits = tilevm.dtype(kind).bits
    carrier = np.uint16 if bits > 8 else np.uint8
    array = np.arange(1 << bits, dtype=carrier).view(PEERS[kind])
    with np.errstate(invalid="ignore"):  # signalling NaN
        want = array.astype(np.float64)
    found = np.asarray(copied(kind, array), np.float64)
    assert np.array_equal(found, want, equal_nan=True)
    number = ~np.isnan(want)
    assert np.array_equal(np.signbit(found[number]), np.signbit(want[number]))


@pytest.mark.parametrize("name", INTEGERS)
def test_every_integer(name: str) -> None:
    kind = tilevm.dtype(name.replace("uint", "u").replace("int", "i"))
    values = np.arange(kind.min, kind.max + 1)
    array = values.astype(getattr(ml_dtypes, name))
    assert copied(str(kind), array).tolist() == values.tolist()


def test_what_the_type_does_not_hold_is_named() -> None:
    array = np.array([1, 1 + 2**-7], ml_dtypes.bfloat16)
    with pytest.raises(tilevm.TileError, match=r"1.0078125 at index \[1\], which e5m2 cannot hold"):
        copied("e5m2", array)
    with pytest.raises(tilevm.TileError, match="holds floats, but its type i8 holds integers"):
        copied("i8", array)


def test_a_file_of_such_an_array_has_lost_its_type(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.array([1, 2], ml_dtypes.bfloat16))
    with pytest.raises(tilevm.TileError) as caught:
        copied("bf16", np.load(tmp_path / "x.npy"))
    assert "astype(numpy.float32)" in str(caught.value.diagnostics[0].help)


def test_masked_elements_have_no_value() -> None:
    with pytest.raises(tilevm.TileError, match="some of its elements are masked"):
        copied("i8", np.ma.array([1, 2], mask=[False, True]))
    assert copied("i8", np.ma.array([1, 2])).tolist() == [1, 2]
