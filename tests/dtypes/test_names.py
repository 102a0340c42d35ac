"""Types by name: which names there are, what they mean, and that equal formats are one object."""

import numpy as np
import pytest

from tilevm.diagnostics import TileError
from tilevm.dtypes import FloatFormat, FloatType, IntType, dtype


def test_every_integer_width_has_its_name_range_and_carrier() -> None:
    for sign in "iu":
        for bits in range(1, 65):
            t = dtype(f"{sign}{bits}")
            assert (str(t), t.bits, t.signed) == (f"{sign}{bits}", bits, sign == "i")
            assert t.is_int and not t.is_float
            assert t.max - t.min == 2**bits - 1
            info = np.iinfo(t.carrier)
            assert info.min <= t.min and t.max <= info.max
            assert info.bits == 8 or info.bits < 2 * bits


@pytest.mark.parametrize(
    ("rule", "name", "bits", "largest", "smallest"),
    [
        ("e5m10", "f16", 16, 65504.0, 2.0**-24),
        ("e8m7", "bf16", 16, (2 - 2**-7) * 2.0**127, 2.0**-133),
        ("e8m10", "tf32", 19, (2 - 2**-10) * 2.0**127, 2.0**-136),
        ("e8m23", "f32", 32, float(np.finfo(np.float32).max), 2.0**-149),
        ("e11m52", "f64", 64, float(np.finfo(np.float64).max), 5e-324),
        ("e4m3fn", "e4m3fn", 8, 448.0, 2.0**-9),
        ("e5m2", "e5m2", 8, 57344.0, 2.0**-16),
        ("e4m3b7", "e4m3", 8, 240.0, 2.0**-9),
        ("e4m3b11fnuz", "e4m3b11fnuz", 8, 30.0, 2.0**-13),
        ("e2m1finite", "e2m1fn", 4, 6.0, 0.5),
        ("e3m2fn", "e3m2fn", 6, 28.0, 2.0**-4),
        ("e2m3fn", "e2m3fn", 6, 7.5, 0.125),
        ("e2m1fnan", "e2m1fnan", 4, 4.0, 0.5),
        ("e8m0fnu", "e8m0fnu", 8, 2.0**127, 2.0**-127),
        ("e2m1", "e2m1fn", 4, 6.0, 0.5),
        ("e2m3", "e2m3fn", 6, 7.5, 0.125),
        ("e3m2", "e3m2fn", 6, 28.0, 2.0**-4),
        ("e8m0", "e8m0fnu", 8, 2.0**127, 2.0**-127),
        ("e2m1ieee", "e2m1ieee", 4, 3.0, 0.5),
        ("e5m10ieee", "f16", 16, 65504.0, 2.0**-24),
        ("e5m3u", "e5m3u", 8, 61440.0, 2.0**-17),
        ("e4m4fnu", "e4m4fnu", 8, 480.0, 2.0**-10),
        ("e4m3fnanu", "e4m3fnu", 7, 448.0, 2.0**-9),
        ("e4m3finiteu", "e4m3finiteu", 7, 480.0, 2.0**-9),
        ("e3m0fnu", "e3m0fnu", 3, 8.0, 0.125),
        ("e1m2fn", "e1m2fn", 4, 3.5, 0.5),
        ("e1m2b1fnanu", "e1m2b1fnu", 3, 1.5, 0.25),
        ("e3m4b-4u", "e3m4b-4u", 7, 1.9375 * 2.0**10, 2.0),
    ],
)
def test_floats_by_rule(rule: str, name: str, bits: int, largest: float, smallest: float) -> None:
    t = dtype(rule)
    assert isinstance(t, FloatType)
    assert (t.name, t.bits, t.max, t.format.smallest) == (name, bits, largest, smallest)
    assert t is dtype(name) and t.is_float and t.carrier == np.float64


def test_equal_formats_are_equal_hashable_and_interned() -> None:
    assert dtype("i3") is dtype("i3") is dtype(dtype("i3"))
    assert IntType(3, True) == dtype("i3") and hash(IntType(3, True)) == hash(dtype("i3"))
    assert FloatType(FloatFormat(5, 10, 15)) == dtype("f16")
    assert dtype("i3") != dtype("u3") and dtype("e4m3") != dtype("e4m3fn")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("i65", "1 to 64 bits"),
        ("i0", "1 to 64 bits"),
        ("fp16", "did you mean `f16`?"),
        ("e4m3fm", "did you mean `e4m3fn`?"),
        ("", "unknown type ``"),
        ("i3 ", "unknown type `i3 `"),
        ("e4m0", "has no code for NaN"),
        ("e11m3fn", "float64 cannot hold"),
        ("e12m3", "1 to 11 exponent bits"),
        ("e1m3", "has no normal number"),
        ("e1m0fnan", "has no normal number"),
        ("e4m3fnuzu", "puts its NaN at negative zero"),
        ("e5m0u", "has no code for NaN"),
        ("e8m4b2000", "values that float64 cannot hold"),
        ("float8_e4m3fn", "did you mean `e4m3fn`?"),
        ("float4_e2m1fn", "did you mean `e2m1fn`?"),
        ("bfloat16", "did you mean `bf16`?"),
        ("float32", "did you mean `f32`?"),
        ("uint4", "did you mean `u4`?"),
        ("i\u0663", "unknown type"),
    ],
)
def test_unknown_names(name: str, words: str) -> None:
    with pytest.raises(TileError) as caught:
        dtype(name)
    assert caught.value.diagnostics[0].code == "TV0201"
    assert words in str(caught.value)
