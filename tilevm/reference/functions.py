"""Functions whose values are no fractions: enclosed between two, as closely as anybody asks.

An enclosure takes a number of bits and gives a lower and an upper bound, some 2**-bits apart.  Each
series is the one of the textbooks, with what is left of it after the last term as its error.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from math import floor, isqrt

from tilevm.reference.numbers import (
    INFINITY,
    MINUS_INFINITY,
    MINUS_ZERO,
    NAN,
    Number,
    is_negative,
    signed,
    size,
)

Bounds = tuple[Fraction, Fraction]
Enclosure = Callable[[int], Bounds]

_FAR = 3000  # beyond it exp is beyond all formats, and what goes to a limit is there for them
_NEXT_TO_NOTHING = Fraction(1, 2**5000)  # less than any format shows


# --- bounds


def _grid(low: Fraction, high: Fraction, bits: int) -> Bounds:
    """The same bounds, moved outwards to multiples of 2**-bits: fractions stay short."""
    scale = 1 << bits
    return Fraction(floor(low * scale), scale), Fraction(-floor(-high * scale), scale)


def _sum_of(terms: Callable[[int], Fraction], ratio: Fraction, bits: int) -> Bounds:
    """The sum of terms 0, 1, 2, .. that shrink at least by `ratio`, at most 1/2 from each to next.

    What follows a term is at most as large as that term.
    """
    total, n = Fraction(0), 0
    assert abs(ratio) <= Fraction(1, 2)
    while True:
        term = terms(n)
        total += term
        if abs(term) < Fraction(1, 1 << bits):
            return _grid(total - abs(term), total + abs(term), bits)
        n += 1


def _product(x: Bounds, y: Bounds) -> Bounds:
    ends = [a * b for a in x for b in y]
    return min(ends), max(ends)


# --- constants


def _arctan_of_inverse(q: int, bits: int) -> Bounds:
    return _sum_of(
        lambda n: Fraction((-1) ** n, (2 * n + 1) * q ** (2 * n + 1)), Fraction(1, q * q), bits
    )


def _pi(bits: int) -> Bounds:
    """Machin: 16 arctan(1/5) - 4 arctan(1/239)."""
    a, b = _arctan_of_inverse(5, bits + 8), _arctan_of_inverse(239, bits + 8)
    return _grid(16 * a[0] - 4 * b[1], 16 * a[1] - 4 * b[0], bits)


# --- series


def _exp(x: Fraction, bits: int) -> Bounds:
    """exp(x) = exp(x / 2**s) ** (2**s), |x / 2**s| at most 1/2."""
    if abs(x) > _FAR:
        return (Fraction(2) ** 4000,) * 2 if x > 0 else (_NEXT_TO_NOTHING,) * 2
    s = max(0, floor(abs(x)).bit_length() + 1)
    small = x / 2**s
    wide = bits + s + 8 + (2 * floor(x) + 2 if x > 0 else 0)  # squares grow, and errors with them
    term = Fraction(1)

    def terms(n: int) -> Fraction:
        nonlocal term
        if n:
            low, _ = _grid(term * small / n, Fraction(0), wide + 8)
            term = low
        return term

    found = _sum_of(terms, small, wide)
    found = found[0] - Fraction(64, 1 << wide), found[1] + Fraction(64, 1 << wide)
    for _ in range(s):
        found = _grid(found[0] ** 2, found[1] ** 2, wide)
    return found


def _log(x: Fraction, bits: int) -> Bounds:
    """log(x) = 2 artanh((x - 1) / (x + 1)), of x / 2**k between 2/3 and 4/3."""
    k = 0
    while x > Fraction(4, 3):
        x, k = x / 2, k + 1
    while x < Fraction(2, 3):
        x, k = x * 2, k - 1
    z = (x - 1) / (x + 1)
    low, high = _sum_of(lambda n: 2 * z ** (2 * n + 1) / (2 * n + 1), z * z, bits + 2)
    if k == 0:
        return low, high
    third = Fraction(1, 3)
    two = _sum_of(lambda n: 2 * third ** (2 * n + 1) / (2 * n + 1), third**2, bits + 16)
    ends = sorted((k * two[0], k * two[1]))
    return low + ends[0], high + ends[1]


def _sin(x: Fraction, quarters: int, bits: int) -> Bounds:
    """sin(x + quarters * pi / 2): less whole turns of pi / 2, then the series of sine or cosine."""
    wide = bits + max(0, floor(abs(x)).bit_length()) + 8
    low, high = _pi(wide)
    turns = floor(x / (low / 2))
    rest = x - turns * (low + high) / 4
    error = abs(turns) * (high - low) + Fraction(1, 1 << bits + 4)
    first, _ = _grid(rest, rest, bits + 8)
    shift = (turns + quarters) % 4
    odd = 1 - shift % 2  # cosine after one quarter

    term = [Fraction(0)]

    def terms(n: int) -> Fraction:
        if n == 0:
            term[0] = first if odd else Fraction(1)
        else:
            m = 2 * n + odd
            term[0], _ = _grid(-term[0] * first * first / (m * (m - 1)), Fraction(0), bits + 16)
        return term[0]

    found = _sum_of(terms, Fraction(1, 2), bits)
    found = found[0] - error, found[1] + error
    return found if shift < 2 else (-found[1], -found[0])


def _erf(x: Fraction, x_squared: Fraction, bits: int) -> Bounds:
    """sqrt(pi) / 2 * erf over x, of x squared: exp(-t) times the sum of (2t)**n / (1 * 3 * ..)."""
    t = x_squared
    wide = bits + 2 * floor(t) + 16
    term, total, n = Fraction(1), Fraction(0), 0
    while True:
        total += term
        n += 1
        small = 4 * t < 2 * n + 1  # from here on each term is less than half the last
        if small and term < Fraction(1, 1 << wide):
            break
        term, _ = _grid(2 * t * term / (2 * n + 1), Fraction(0), wide + 16)
    error = Fraction(1, 1 << wide - 8) * (n + 1)
    return _product(_exp(-t, wide), (total, total + error))


def _root(x: Fraction, bits: int) -> Bounds:
    scale = 1 << bits + 2 * x.denominator.bit_length()
    below = isqrt(x.numerator * scale * scale // x.denominator)
    exact = Fraction(below, scale) ** 2 == x
    return Fraction(below, scale), Fraction(below if exact else below + 1, scale)


def _over(x: Bounds, y: Bounds) -> Bounds:
    """x / y for a positive y."""
    return _product(x, (1 / y[1], 1 / y[0]))


# --- the functions, of a fraction other than 0


def _sigmoid(x: Fraction, bits: int) -> Bounds:
    if x > _FAR:
        return (1 - _NEXT_TO_NOTHING,) * 2
    low, high = _exp(-abs(x), bits)
    return (1 / (1 + high), 1 / (1 + low)) if x > 0 else (low / (1 + low), high / (1 + high))


def _tanh(x: Fraction, bits: int) -> Bounds:
    low, high = _exp(-2 * abs(x), bits)
    found = (1 - high) / (1 + high), (1 - low) / (1 + low)
    return found if x > 0 else (-found[1], -found[0])


def _log2(x: Fraction, bits: int) -> Bounds:
    if all(n & (n - 1) == 0 for n in (x.numerator, x.denominator)):
        exact = Fraction(x.numerator.bit_length() - x.denominator.bit_length())
        return exact, exact
    return _over(_log(x, bits + 8), _log(Fraction(2), bits + 24))


def _exp2(x: Fraction, bits: int) -> Bounds:
    if abs(x) > _FAR:
        return _exp(x * 2, bits)
    if x.denominator == 1:
        return (Fraction(2) ** int(x),) * 2
    wide = bits + 16 + max(0, floor(2 * x))
    low, high = sorted(x * end for end in _log(Fraction(2), wide))
    return _exp(low, bits)[0], _exp(high, bits)[1]


def _error_function(x: Fraction, bits: int) -> Bounds:
    if abs(x) > 9:  # 1 - erf(x) is less than exp(-x * x)
        found = 1 - Fraction(1, 2**100), 1 - _NEXT_TO_NOTHING
    else:
        pi = _pi(bits + 16)
        root = _root(pi[0], bits + 8)[0], _root(pi[1], bits + 8)[1]
        found = _over(_product((2 * abs(x),) * 2, _erf(x, x * x, bits + 8)), root)
    return found if x > 0 else (-found[1], -found[0])


def _gelu(x: Fraction, bits: int) -> Bounds:
    if x < -40:
        return (-_NEXT_TO_NOTHING,) * 2
    if x < 0:  # the result is small: x * x / 2 nats below 1
        bits += floor(x * x) + 8
    if x > 60:
        return (x * (1 - _NEXT_TO_NOTHING),) * 2
    pi = _pi(bits + 16)
    root = _root(2 * pi[0], bits + 8)[0], _root(2 * pi[1], bits + 8)[1]
    low, high = _over(_product((x, x), _erf(x, x * x / 2, bits + 8)), root)
    return _product((x, x), (Fraction(1, 2) + low, Fraction(1, 2) + high))


_OF_FRACTIONS: dict[str, Callable[[Fraction, int], Bounds]] = {
    "exp": _exp,
    "exp2": _exp2,
    "expm1": lambda x, bits: (_exp(x, bits)[0] - 1, _exp(x, bits)[1] - 1),
    "log": _log,
    "log2": _log2,
    "log1p": lambda x, bits: _log(1 + x, bits),
    "sin": lambda x, bits: _sin(x, 0, bits),
    "cos": lambda x, bits: _sin(x, 1, bits),
    "tanh": _tanh,
    "sigmoid": _sigmoid,
    "silu": lambda x, bits: _product((x, x), _sigmoid(x, bits)),
    "rsqrt": lambda x, bits: _root(1 / x, bits),
    "erf": _error_function,
    "gelu": _gelu,
}

# At 0, infinity and -infinity; "same" is the argument itself, as for every zero of an odd function.
_SPECIAL: dict[str, tuple[Number | str, Number | str, Number | str]] = {
    "exp": (Fraction(1), INFINITY, Fraction(0)),
    "exp2": (Fraction(1), INFINITY, Fraction(0)),
    "expm1": ("same", INFINITY, Fraction(-1)),
    "log": (MINUS_INFINITY, INFINITY, NAN),
    "log2": (MINUS_INFINITY, INFINITY, NAN),
    "log1p": ("same", INFINITY, NAN),
    "sin": ("same", NAN, NAN),
    "cos": (Fraction(1), NAN, NAN),
    "tanh": ("same", Fraction(1), Fraction(-1)),
    "sigmoid": (Fraction(1, 2), Fraction(1), Fraction(0)),
    "silu": ("same", INFINITY, MINUS_ZERO),
    "rsqrt": ("pole", Fraction(0), NAN),
    "erf": ("same", Fraction(1), Fraction(-1)),
    "gelu": ("same", INFINITY, MINUS_ZERO),
}


def function(name: str, x: Number) -> Number | Enclosure:
    """The function of x; what no fraction is, and where a function is undefined, as IEEE says."""
    if x is NAN:
        return NAN
    if x is INFINITY or x is MINUS_INFINITY:
        found = _SPECIAL[name][1 if x is INFINITY else 2]
        assert not isinstance(found, str)
        return found
    if size(x) == 0:
        found = _SPECIAL[name][0]
        if isinstance(found, str):
            return x if found == "same" else signed(INFINITY, is_negative(x))
        return found
    argument = signed(size(x), is_negative(x))
    assert isinstance(argument, Fraction)
    if name in ("log", "log2", "rsqrt") and argument < 0:
        return NAN
    if name == "log1p" and argument <= -1:
        return MINUS_INFINITY if argument == -1 else NAN
    if name == "log" and argument == 1:
        return Fraction(0)
    return lambda bits: _OF_FRACTIONS[name](argument, bits)


def square_root(x: Number) -> Number | Enclosure:
    """The root of x: -0 of -0, NaN of what is negative."""
    if x is NAN or x is INFINITY or x is MINUS_ZERO or x == 0:
        return x
    return NAN if is_negative(x) else lambda bits: _root(size(x), bits)
