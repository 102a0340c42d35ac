"""How far the functions of f32 and f64 are from the exact values, in ulp, and what they take.

    python benchmarks/accuracy.py --samples 400

The oracle is mpmath with 200 bits.  The samples of a function are numbers of its format with
exponents spread evenly over where the result is finite and not 0, and as many around 1.  An error
is counted in units of the last place of the exact result; up to 0.5 the result is the nearest one.
Behind it stands the time that one of these elements takes, and that of the table of all codes of
f16, which is made when it is first asked for.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np

from tilevm.dtypes import FUNCTIONS, FloatType, dtype, evaluate

BITS = 200
EXACT: dict[str, Callable[[Any], Any]] = {
    "exp": mpmath.exp,
    "exp2": lambda x: mpmath.mpf(2) ** x,
    "expm1": mpmath.expm1,
    "log": mpmath.log,
    "log2": lambda x: mpmath.log(x) / mpmath.log(2),
    "log1p": mpmath.log1p,
    "sin": mpmath.sin,
    "cos": mpmath.cos,
    "tanh": mpmath.tanh,
    "sigmoid": lambda x: 1 / (1 + mpmath.exp(-x)),
    "silu": lambda x: x / (1 + mpmath.exp(-x)),
    "rsqrt": lambda x: 1 / mpmath.sqrt(x),
    "erf": mpmath.erf,
    "gelu": lambda x: x * mpmath.erfc(-x / mpmath.sqrt(2)) / 2,
}
POSITIVE = ("log", "log2", "log1p", "rsqrt")
EVERYWHERE = ("log", "log2", "log1p", "rsqrt", "sin", "cos")  # others end by 2**6


def samples(kind: FloatType, name: str, count: int) -> Any:
    """Arguments of a function, numbers of the format; equal in every run."""
    rng = np.random.default_rng(len(name))
    top = 60 if name in EVERYWHERE else 6
    spread = 2.0 ** rng.uniform(-40, top, count)
    near = rng.uniform(0.5, 2, count)
    both = np.concatenate([spread, near])
    return kind.quantise(both if name in POSITIVE else both * rng.choice([-1, 1], len(both)))


def largest(kind: FloatType, name: str, count: int) -> float:
    """The largest error over the samples, in units of the last place of the exact result."""
    arguments = samples(kind, name, count)
    found = evaluate(name, arguments, kind).tolist()
    form = kind.format
    worst = 0.0
    for x, result in zip(arguments.tolist(), found, strict=True):
        with mpmath.workprec(BITS):
            exact = EXACT[name](mpmath.mpf(x))
            if exact == 0 or not np.isfinite(result):
                continue
            place = max(int(mpmath.frexp(exact)[1]) - 1, 1 - form.bias) - form.mantissa
            error = abs(mpmath.mpf(result) - exact) / mpmath.mpf(2) ** place
        worst = max(worst, float(error))
    return worst


def seconds(kind: FloatType, name: str, arguments: Any) -> float:
    """The time of one evaluation."""
    begin = time.perf_counter()
    evaluate(name, arguments, kind)
    return time.perf_counter() - begin


def main() -> None:
    """Prints a line for each function."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=int, default=400, help="of each kind, for each function")
    count = parser.parse_args().samples
    print(f"largest error in ulp, {2 * count} arguments each; time an element, and f16's table\n")
    print(f"{'function':10}{'f32':>10}{'f64':>10}{'f32 us':>10}{'f64 us':>10}{'table ms':>10}")
    single, double, half = (_float(text) for text in ("f32", "f64", "f16"))
    for name in FUNCTIONS:
        table = seconds(half, name, np.ones(1))
        row = [largest(kind, name, count) for kind in (single, double)]
        for kind, times in ((single, 50), (double, 1)):  # so many that calls do not count
            arguments = np.tile(samples(kind, name, count), times)
            row.append(1e6 * seconds(kind, name, arguments) / len(arguments))
        errors, each = row[:2], [*row[2:], 1e3 * table]
        shown = "".join(f"{e:10.6f}" for e in errors) + "".join(f"{t:10.2f}" for t in each)
        print(f"{name:10}{shown}", flush=True)


def _float(text: str) -> FloatType:
    kind = dtype(text)
    assert isinstance(kind, FloatType)
    return kind


if __name__ == "__main__":
    main()
