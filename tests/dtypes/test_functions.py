"""`exp`, `sin`, `erf` and the others: every code of small formats, samples of the wide, by mpmath.

``--long`` proves all codes of f16 and bf16 so, in every rounding; the quick run holds their tables
to the hashes of the results that mpmath gave, so that another processor or NumPy cannot change a
bit unseen.
"""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
import pytest

from tests.dtypes.by_mpmath import enclosed, wanted
from tilevm.dtypes import FUNCTIONS, ROUNDINGS, FloatType, Trap, dtype, evaluate

HASHES = {
    ("f16", "exp"): "608c213c696b69ed",
    ("f16", "exp2"): "6c319b8ad56f1601",
    ("f16", "expm1"): "326c848cd664bc0a",
    ("f16", "log"): "322c994520bd9cc2",
    ("f16", "log2"): "25c28eb051f4f6fb",
    ("f16", "log1p"): "ed9da01de8e1735a",
    ("f16", "sin"): "64be3022e5c203f4",
    ("f16", "cos"): "04631c5d39cd6ac2",
    ("f16", "tanh"): "fe29dbdff0de41fb",
    ("f16", "sigmoid"): "a1c114a164cf529d",
    ("f16", "silu"): "9920d6c12f34224c",
    ("f16", "rsqrt"): "87d0a874cbf78a0e",
    ("f16", "erf"): "9bdc79d64641a2d7",
    ("f16", "gelu"): "6e527d1f66e760d1",
    ("bf16", "exp"): "3c4c43fcea32e4be",
    ("bf16", "exp2"): "581a0dbd19c1dc9d",
    ("bf16", "expm1"): "289ef2f4b124cec9",
    ("bf16", "log"): "f64b723b63f38ea2",
    ("bf16", "log2"): "e736c5e84c7ba349",
    ("bf16", "log1p"): "75574ad6bb1f84cc",
    ("bf16", "sin"): "134bbae0262fa432",
    ("bf16", "cos"): "282240e14f979131",
    ("bf16", "tanh"): "93b86a43386e0167",
    ("bf16", "sigmoid"): "68d3a27df0b8afcc",
    ("bf16", "silu"): "8c728d8dcdf2cea3",
    ("bf16", "rsqrt"): "5b33d67ca2d5fd38",
    ("bf16", "erf"): "0393597ecba23075",
    ("bf16", "gelu"): "2347cc6b5a4ccb21",
}


def floats(name: str) -> FloatType:
    t = dtype(name)
    assert isinstance(t, FloatType)
    return t


def check(t: FloatType, name: str, values: Any, roundings: tuple[str, ...] = ROUNDINGS) -> None:
    for rounding in roundings:
        found = evaluate(name, values, t, None, rounding)
        for x, result in zip(values.tolist(), found.tolist(), strict=True):
            assert repr(result) == repr(wanted(t, name, x, rounding)), (rounding, x)


def every_code(t: FloatType) -> Any:
    return t.decode(np.arange(1 << t.bits, dtype=np.uint64))


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("kind", ["e4m3fn", "e5m2"])
def test_every_code_of_8_bits_in_every_rounding(kind: str, name: str) -> None:
    check(floats(kind), name, every_code(floats(kind)))


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("kind", ["f32", "f64", "tf32", "e11m4", "e8m50", "e3m12fnuz"])
def test_samples_of_other_formats(kind: str, name: str) -> None:
    t, rng = floats(kind), np.random.default_rng(5)
    ordinary = t.quantise(rng.standard_normal(12) * 4)
    near = t.quantise(1 + rng.integers(-3, 4, 4) * 2.0**-t.format.mantissa)
    check(t, name, np.concatenate([ordinary, near, t.random(rng, 8)]))


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("kind", ["f16", "bf16"])
def test_tables_are_those_of_mpmath(kind: str, name: str, request: pytest.FixtureRequest) -> None:
    t = floats(kind)
    values = every_code(t)
    codes = t.encode(evaluate(name, values, t)).astype("<u2").tobytes()
    assert hashlib.sha256(codes).hexdigest()[:16] == HASHES[kind, name]
    if request.config.getoption("long"):
        every = [enclosed(t, name, x) for x in values.tolist()]
        for number, rounding in enumerate(ROUNDINGS):
            found = evaluate(name, values, t, None, rounding)
            want = np.array([each[number] for each in every])
            equal = (found == want) & (np.signbit(found) == np.signbit(want))
            wrong = np.flatnonzero(~(equal | (np.isnan(found) & np.isnan(want))))
            at = wrong[:1]
            assert not len(wrong), (rounding, len(wrong), values[at], found[at], want[at])


def test_overflow_of_functions() -> None:
    t = floats("f64")
    x = np.array([1.0, 1000.0])
    assert evaluate("exp", x, t)[1] == np.inf
    assert evaluate("exp", x, t, "sat")[1] == t.max
    assert evaluate("exp", x, t, None, "down")[1] == t.max
    for name, at in (("exp", x), ("expm1", x)):
        with pytest.raises(Trap, match=f"`{name}` overflows f64") as caught:
            evaluate(name, at, t, "trap")
        assert caught.value.index == (1,)
    assert evaluate("log", np.zeros(1), t, "trap") == [-np.inf], "a pole, no overflow"
    with pytest.raises(Trap, match="NaN has no code in e2m1fn"):
        evaluate("log", -np.ones(1), floats("e2m1fn"))


def test_many_arguments_and_shapes() -> None:
    t = floats("f32")
    x = t.quantise(np.random.default_rng(1).standard_normal((3, 50)))
    assert np.array_equal(evaluate("tanh", x, t), -evaluate("tanh", -x, t))
    assert evaluate("erf", np.zeros(()), t).shape == ()
    assert evaluate("gelu", np.zeros((0, 3)), t).shape == (0, 3)
