"""Functions of exact arguments by integer arithmetic, with a bound on the error.

An argument is m * 2**k.  A function answers with an enclosure (n, k, e): its value lies within
(n - e) * 2**k and (n + e) * 2**k.  `w` is the number of bits behind the point that it computes
with; a caller to whom the enclosure is too wide asks again with more.  e = 0 means an exact value.

Inside, a number x is the integer floor(x * 2**w), and each step says how many units it may be off.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from math import isqrt

Enclosure = tuple[int, int, int]

_GUARD = 32  # bits below the last, for errors of a unit in each of many steps


def _shifted(n: int, by: int) -> int:
    """floor(n * 2**by)."""
    return n << by if by >= 0 else n >> -by


# --- constants, off by at most one unit


def _inverse_series(q: int, w: int, alternate: bool) -> int:
    """atan(1 / q), or atanh(1 / q) if the signs do not alternate."""
    power = (1 << w) // q
    total, n, sign = power, 1, 1
    while power:
        power //= q * q
        n, sign = n + 2, -sign if alternate else 1
        total += sign * (power // n)
    return total


@lru_cache(maxsize=64)
def ln2(w: int) -> int:
    """log(2), by 18 atanh(1/26) - 2 atanh(1/4801) + 8 atanh(1/8749)."""
    wide = w + _GUARD
    parts = ((18, 26), (-2, 4801), (8, 8749))
    return sum(c * _inverse_series(q, wide, False) for c, q in parts) >> _GUARD


@lru_cache(maxsize=64)
def pi(w: int) -> int:
    """Pi, by Machin's 16 atan(1/5) - 4 atan(1/239)."""
    wide = w + _GUARD
    parts = ((16, 5), (-4, 239))
    return sum(c * _inverse_series(q, wide, True) for c, q in parts) >> _GUARD


# --- the series themselves


def _exp(m: int, k: int, w: int) -> tuple[int, int]:
    """n, j with exp(x) = n * 2**(j - w), 1 <= n / 2**w < 2, n off by at most 16.

    x = j log(2) + r; exp(r) is the square, s times, of the series at r / 2**s.  Each squaring
    doubles the relative error, which the bits below the last absorb.
    """
    extra = max(0, m.bit_length() + k) + 2
    wide = w + extra
    x, log = _shifted(m, k + wide), ln2(wide)
    j = x // log
    r = (x - j * log) >> extra  # off by at most 3
    s = isqrt(w) // 2
    wide = w + s + _GUARD
    t = r << _GUARD  # r / 2**s
    total = term = 1 << wide
    n = 0
    while term:
        n += 1
        term = (term * t >> wide) // n
        total += term
    for _ in range(s):
        total = total * total >> wide
    return total >> s + _GUARD, j


def _log(m: int, k: int, w: int) -> tuple[int, int]:
    """l, j with log(x) = j log(2) + l / 2**w, |l| / 2**w < 0.35, l off by at most 4.

    log(y) = 2 atanh((y - 1) / (y + 1)) for y near 1.
    """
    bits = m.bit_length()
    if m * m * 2 < 1 << 2 * bits:
        bits -= 1
    wide = max(w, bits) + _GUARD
    y, one = m << wide - bits, 1 << wide
    z = (abs(y - one) << wide) // (y + one)
    square = z * z >> wide
    total, power, n = z, z, 1
    while power:
        power = power * square >> wide
        n += 2
        total += power // n
    size = 2 * total >> wide - w
    return (size if y >= one else -size), k + bits


def _sin_cos(m: int, k: int, w: int) -> tuple[int, int, int]:
    """sin(r), cos(r), q with |x| = q * pi / 2 + r, 0 <= r < pi / 2, both off by at most 4."""
    size = max(0, m.bit_length() + k)
    wide = w + size + 8
    x, half_turn = _shifted(abs(m), k + wide), pi(wide)
    q = 2 * x // half_turn
    r = _shifted(2 * x - q * half_turn, _GUARD + w - wide - 1)
    wide = w + _GUARD
    square = r * r >> wide
    sums = []
    for term, n in ((r, 1), (1 << wide, 0)):
        total, sign = term, 1
        while term:
            n, sign = n + 2, -sign
            term = (term * square >> wide) // (n * (n - 1))
            total += sign * term
        sums.append(total >> _GUARD)
    return sums[0], sums[1], q % 4


def _gauss(m: int, k: int, w: int) -> tuple[int, int]:
    """n, j with exp(-t) * sum over i of (2t)**i / (1 * 3 * .. * (2i + 1)) = n * 2**(j - w).

    t = m * 2**k is not negative; all terms are positive.  n is off by at most 64 parts in 2**w.
    """
    wide = w + _GUARD
    t = _shifted(m, k + 1 + wide)
    total = term = 1 << wide
    n = 1
    while term:
        n += 2
        term = (term * t >> wide) // n
        total += term
    small, j = _exp(-m, k, w)
    return total * small >> wide, j


# --- the functions


def exp(m: int, k: int, w: int) -> Enclosure:
    n, j = _exp(m, k, w)
    return n, j - w, 16


def exp2(m: int, k: int, w: int) -> Enclosure:
    whole = _shifted(m, k)
    if k >= 0 or whole << -k == m:
        return 1, whole, 0
    wide = w + 8
    rest = _shifted(m - (whole << -k), k + wide)
    n, j = _exp(rest * ln2(wide), -2 * wide, w)
    return n, whole + j - w, 24


def expm1(m: int, k: int, w: int) -> Enclosure:
    n, j = _exp(m, k, w)
    return _shifted(n, j) - (1 << w), -w, (16 << max(0, j)) + 1


def log(m: int, k: int, w: int) -> Enclosure:
    if (m, k) == (1, 0):
        return 0, 0, 0
    part, j = _log(m, k, w)
    wide = w + 16
    return (j * ln2(wide) >> 16) + part, -w, 8


def log2(m: int, k: int, w: int) -> Enclosure:
    if m & (m - 1) == 0:
        return m.bit_length() - 1 + k, 0, 0
    part, j = _log(m, k, w)
    return (j << w) + (part << w) // ln2(w), -w, 16


def log1p(m: int, k: int, w: int) -> Enclosure:
    if k >= 0:
        return log((m << k) + 1, 0, w)
    return log(m + (1 << -k), k, w)


def sin(m: int, k: int, w: int) -> Enclosure:
    s, c, quarter = _sin_cos(m, k, w)
    value = (s, c, -s, -c)[quarter]
    return (value if m > 0 else -value), -w, 8


def cos(m: int, k: int, w: int) -> Enclosure:
    s, c, quarter = _sin_cos(m, k, w)
    return (c, -s, -c, s)[quarter], -w, 8


def tanh(m: int, k: int, w: int) -> Enclosure:
    n, j = _exp(-2 * abs(m), k, w)
    small = _shifted(n, j)  # exp(-2|x|), at most 1
    one = 1 << w
    value = ((one - small) << w) // (one + small)
    return (value if m > 0 else -value), -w, 64


def sigmoid(m: int, k: int, w: int) -> Enclosure:
    n, j = _exp(-abs(m), k, w)
    one = 1 << w
    below = one + _shifted(n, j)
    if m > 0:
        return (one << w) // below, -w, 64
    return (n << w) // below, j - w, 64


def silu(m: int, k: int, w: int) -> Enclosure:
    n, scale, error = sigmoid(m, k, w)
    return n * m, scale + k, error * abs(m)


def rsqrt(m: int, k: int, w: int) -> Enclosure:
    if k % 2:
        m, k = m * 2, k - 1
    wide = w + m.bit_length()
    if m == 1:
        return 1, -k // 2, 0
    return isqrt((1 << 2 * wide) // m), -k // 2 - wide, 2


def erf(m: int, k: int, w: int) -> Enclosure:
    n, j = _gauss(m * m, 2 * k, w)
    n = (n * m << w) // isqrt(pi(2 * w))
    return n, j - w + k + 1, (abs(n) >> w - 8) + 2


def gelu(m: int, k: int, w: int) -> Enclosure:
    """x * (1 + erf(x / sqrt(2))) / 2; for negative x the two terms cancel but for a small rest."""
    squared = _shifted(m * m, 2 * k) + 1
    if m < 0:
        w += squared + squared // 2 + 8
    n, j = _gauss(m * m, 2 * k - 1, w)
    n = (n * abs(m) << w) // isqrt(2 * pi(2 * w))
    part, error = _shifted(n, j + k), (abs(n) >> w - 8) + 2
    error = _shifted(error, j + k) + 2
    half = 1 << w - 1
    return (half + part if m > 0 else half - part) * m, k - w, error * abs(m)


ENCLOSURES: dict[str, Callable[[int, int, int], Enclosure]] = {
    "exp": exp,
    "exp2": exp2,
    "expm1": expm1,
    "log": log,
    "log2": log2,
    "log1p": log1p,
    "sin": sin,
    "cos": cos,
    "tanh": tanh,
    "sigmoid": sigmoid,
    "silu": silu,
    "rsqrt": rsqrt,
    "erf": erf,
    "gelu": gelu,
}
