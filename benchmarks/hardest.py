"""How close the functions of floats come to a boundary of rounding: what hardware must tell apart.

    python benchmarks/hardest.py exp exp2 sigmoid tanh    # some minutes, as log and log2
    python benchmarks/hardest.py exp --bits 11            # at once

A function is looked at for all arguments whose significand has `--bits` bits, but where it is next
to a simple value (`tilevm.dtypes.functions.Limit`) or beyond every format.  Boundaries of a format
of that precision are numbers of one bit more: its values, and the middles between them; of formats
with fewer exponents, and of subnormals, they are some of these.  NumPy's float64 results, right to
2**-48, sort out the arguments that come closest, and `tilevm.dtypes.series` says how close.
Printed is the least distance, relative to the result, and where it is, beside the bound that
hardware relies on (`tilevm.dtypes.closest`), where there is one; the exit status is 1 if a result
is closer.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import numpy as np

from tilevm.dtypes.closeness import CLOSEST, closest
from tilevm.dtypes.functions import FUNCTIONS
from tilevm.dtypes.series import ENCLOSURES

DOUBLE = 52  # bits of a float64 behind the leading one
WORKING = 160  # bits of an exact result
AT_LEAST = 500  # arguments to look at exactly, about
LEAST_WINDOW = 64  # float64 steps to both sides of a boundary; NumPy is right to 16 of them
CHUNK = 1 << 19


def domain(name: str, bits: int) -> list[tuple[int, range]]:
    """Signs, and exponents of the leading bit, of the arguments of a function."""
    small = -bits - 4
    match name:
        case "log" | "log2":
            return [(1, range(-1074, 1024))]
        case "exp2":  # whole parts only move the result
            return [(1, range(small, 0)), (-1, range(small, 0))]
        case "tanh":
            return [(1, range(small // 2, 5))]
    return [(1, range(small, 10)), (-1, range(small, 10))]


def arguments(name: str, bits: int) -> Iterator[tuple[Any, int]]:
    """Significands int64 of `bits` bits, and their exponent."""
    low = 1 << bits - 1
    for sign, exponents in domain(name, bits):
        for exponent in exponents:
            for start in range(low, 2 * low, CHUNK):
                m = np.arange(start, min(start + CHUNK, 2 * low), dtype=np.int64)
                yield sign * m, exponent - bits + 1


def close(name: str, m: Any, k: int, bits: int, window: int) -> Any:
    """Those of the significands whose results lie within `window` float64 steps of a boundary."""
    x = np.ldexp(m.astype(np.float64), k)
    held = np.ldexp(x, -k) == m  # float64 holds the values of all formats
    m, x = m[held], x[held]
    with np.errstate(all="ignore"):
        result = np.asarray(FUNCTIONS[name].approximate(x), np.float64)
    below = (1 << DOUBLE - bits) - 1
    steps = (np.abs(result).view(np.int64) + window) & below
    here = np.flatnonzero(steps <= 2 * window)
    x, size = x[here], np.abs(result[here])
    usual = (size >= sys.float_info.min) & np.isfinite(size)
    for limit in FUNCTIONS[name].limits:
        usual &= ~limit.where(x, bits)
    return m[here][usual]


def distance(name: str, m: int, k: int, bits: int) -> Fraction | None:
    """How far the exact result is from a number of bits + 1 bits, relative to it; None if it is
    one."""
    tail = (m & -m).bit_length() - 1
    n, _, error = ENCLOSURES[name](m >> tail, k + tail, WORKING)
    if error == 0:
        return None
    size = abs(n)
    place = size.bit_length() - bits - 1
    rest = size & (1 << place) - 1
    nearest = min(rest, (1 << place) - rest)
    assert nearest > 2**20 * error, f"{name} of {m} * 2**{k} needs more bits"
    return Fraction(nearest, size)


def search(name: str, bits: int, keep: int) -> list[tuple[float, int, int]]:
    """The arguments that come closest: (log2 of the distance, significand, exponent)."""
    count = sum(len(e) for _, e in domain(name, bits)) << bits - 1
    spacing = 1 << DOUBLE - bits
    window = min(max(LEAST_WINDOW, AT_LEAST * spacing // count), spacing // 2 - 1)
    found: list[tuple[float, int, int]] = []
    for significands, k in arguments(name, bits):
        for m in close(name, significands, k, bits, window).tolist():
            if (far := distance(name, m, k, bits)) is not None:
                exponent = far.numerator.bit_length() - far.denominator.bit_length()
                ratio = far / Fraction(2) ** exponent
                found.append((exponent + float(np.log2(float(ratio))), m, k))
        found = sorted(found)[:keep]
    return found


def main() -> None:
    """Prints the hardest arguments of each function."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="+", choices=sorted(ENCLOSURES), metavar="function")
    parser.add_argument("--bits", type=int, default=24, help="of a significand")
    parser.add_argument("--keep", type=int, default=4, help="how many of each are printed")
    chosen = parser.parse_args()
    good = True
    for name in chosen.names:
        bound = -closest(name, chosen.bits) if name in CLOSEST else None
        said = "" if bound is None else f", by the bound at least 2**{bound}"
        for exponent, m, k in search(name, chosen.bits, chosen.keep):
            good &= bound is None or exponent >= bound
            print(f"{name:8} {chosen.bits:2} bits: 2**{exponent:.2f} at {m} * 2**{k}{said}")
        sys.stdout.flush()
    sys.exit(not good)


if __name__ == "__main__":
    main()
