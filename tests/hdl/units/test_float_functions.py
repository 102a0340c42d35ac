"""Circuits of functions against the functions of the number formats: all rounding modes.

All codes of small formats; of wide ones random codes, those at the edges, and the arguments whose
results come closest to a boundary of rounding, as benchmarks/hardest.py finds them.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from amaranth import Const, Signal

from hdl import floats
from hdl.floats.exponential import ERROR, power
from hdl.floats.number import Number
from hdl.lower.rules.functions import CIRCUITS, OF_POSITIVE
from tests.hdl.units.logic import Recorded, evaluate
from tests.hdl.units.test_floats import codes_of, modes
from tilevm.dtypes import FloatType, dtype, series
from tilevm.dtypes import evaluate as evaluate_function

KINDS = [
    dtype(name)
    for name in (
        "e4m3fn", "e5m2", "e8m0fnu", "e4m3u", "e2m6b3", "e4m3b20", "e8m3finite", "e8m10fnuz",
        "tf32", "e4m19b-10", "e11m20", "f32",
    )
]  # fmt: skip
HARDEST = {  # m, k of arguments m * 2**k of f32
    "exp": [(16777215, -47), (16777214, -46), (-8388609, -45), (-15274701, -20), (10228961, -14)],
    "exp2": [(-11345818, -44), (-15968567, -29), (-13881382, -37), (12754231, -32)],
    "expm1": [(12582909, -43), (12582906, -42), (14981793, -36), (12735197, -27)],
    "log": [(14192851, 53), (14532552, 136), (14509477, 2), (16777215, -24), (8388609, -23)],
    "log2": [
        (12786821, 73),
        (12786821, -41),
        (10517177, -25),
        (15589373, -23),
        (16777215, -24),
        (8388609, -23),
        (8388608, -90),
    ],
    "sigmoid": [(-8388608, -47), (8388608, -46), (-13631488, -43), (-14155776, -43)],
    "silu": [(-8388608, -47), (8388608, -46), (12582912, -44)],
    "tanh": [(14213283, -22), (16420147, -34), (12811746, -33), (13900689, -29)],
}


def spread(kind: FloatType, count: int, rng: np.random.Generator) -> Any:
    """Codes of numbers from 2**-30 to 2**11, where functions are neither next to a limit nor at
    it."""
    sizes = np.ldexp(rng.uniform(1, 2, count), rng.integers(-30, 11, count))
    return kind.encode(kind.quantise(sizes * rng.choice([-1, 1], count), nan="zero"))


def hardest(name: str, kind: FloatType) -> Any:
    """Codes of the hardest arguments, of both signs, and of their neighbours."""
    values = [sign * m * 2.0**k for m, k in HARDEST.get(name, []) for sign in (1, -1)]
    codes = kind.encode(kind.quantise(np.array(values or [1.0]), nan="zero"))
    return np.concatenate([codes + np.uint64(step) - np.uint64(2) for step in range(5)]) & kind.mask


@pytest.mark.parametrize("kind", KINDS, ids=str)
@pytest.mark.parametrize("name", CIRCUITS)
def test_functions(name: str, kind: FloatType, pytestconfig: pytest.Config) -> None:
    f, rng = kind.format, np.random.default_rng(5)
    if f.nan_code is None and f.signed and name in OF_POSITIVE:
        return  # the machine stops at NaN: no hardware
    count = 20_000 if pytestconfig.getoption("long") else 300
    given = np.concatenate([codes_of(kind, count, rng), spread(kind, count, rng)])
    codes = kind.encode(kind.decode(np.concatenate([given, hardest(name, kind)])))
    x = kind.decode(codes)
    for rounding, overflow in modes(kind) if kind.bits <= 8 else modes(kind)[:5]:
        circuit, code = Recorded(), Signal(kind.bits, name="code")
        found = getattr(floats, CIRCUITS[name])(circuit, floats.unpack(circuit, f, code), f)
        packed = floats.round_pack(circuit, f, found, rounding, overflow)
        got = np.asarray(evaluate(circuit, packed, [(code, codes)]) & kind.mask, np.uint64)
        mean = kind.sqrt(x, overflow, rounding) if name == "sqrt" else None
        if mean is None:
            mean = evaluate_function(name, x, kind, overflow, rounding)
        want = kind.encode(mean)
        wrong = np.flatnonzero(got != want)
        at = wrong[0] if len(wrong) else 0
        assert not len(wrong), (
            f"{name} of {kind}, {rounding}, {overflow}: of {x[at]!r} is {kind.decode(got[[at]])}, "
            f"not {kind.decode(want[[at]])}; {len(wrong)} of {len(x)} differ"
        )


@pytest.mark.parametrize("bits", [12, 30, 76])
@pytest.mark.parametrize("two", [False, True])
def test_powers_are_as_close_as_they_say(bits: int, two: bool) -> None:
    """The word itself, against bounds of 40 bits more: off by less than 2**ERROR steps."""
    f, rng = dtype("f32").format, np.random.default_rng(bits)
    significand = rng.integers(1 << 23, 1 << 24, 400)
    exponent = rng.integers(-30, 7, 400) - 23
    circuit = Recorded()
    signals = [Signal(24), Signal(range(-64, 64)), Signal(1)]
    negative = rng.integers(0, 2, 400)
    x = Number(signals[2], signals[0], signals[1], Const(0, 1), Const(0, 1))
    whole, word = power(circuit, x, f, bits, two)
    inputs = list(zip(signals, (significand, exponent, negative), strict=True))
    wholes = np.asarray(evaluate(circuit, whole, inputs))
    words = np.asarray(evaluate(circuit, word, inputs))
    for m, k, sign, n, w in zip(significand, exponent, negative, wholes, words, strict=True):
        if int(m).bit_length() + k < -f.precision - 4:
            continue  # another argument, as close to 0, stands for it
        enclosed = series.exp2 if two else series.exp
        odd = int(m & -m).bit_length() - 1
        exact, scale, _ = enclosed(int(-m if sign else m) >> odd, int(k) + odd, bits + 40)
        difference = int(w) * 2 ** (40 + 64) - exact * 2 ** (scale - int(n) + bits + 40 + 64)
        assert abs(difference) < 2 ** (ERROR + 40 + 64), f"{m} * 2**{k}, sign {sign}"
