"""`dot` and `total`: one right answer, whatever the order of summation.

Integers: the exact sum, wrapped.  Floats: the exact sum of exact products, rounded once.  A ladder:
one float64 matrix product where the widths prove it exact; else the same with an error bound, which
decides nearly every element; and an exact sum for the elements whose bound spans a rounding step.
"""

from __future__ import annotations

from fractions import Fraction
from functools import cache
from typing import cast

import numpy as np

from tilevm.diagnostics import error
from tilevm.dtypes.base import Array, DType
from tilevm.dtypes.digits import exact_total
from tilevm.dtypes.exact import round_fraction
from tilevm.dtypes.fixed import FixedType, exact_integers
from tilevm.dtypes.floats import FloatType
from tilevm.dtypes.integer_dot import exact_dot, integer_dot
from tilevm.dtypes.integers import IntType
from tilevm.dtypes.rounding import Floats, two_prod
from tilevm.dtypes.steps import fit_steps, numbers, steps
from tilevm.dtypes.sums import exact_sums, fraction_sum

_UNIT = 2.0**-53  # rounding error of one float64 operation, relative
_MODERATE = (2.0**-470, 2.0**470)  # factors whose squares and products float64 holds in two parts
_NEARLY_ALL = 0.99  # elements that need no exact sum, so that no bound is worth its time
_GATHERED = 1 << 15  # terms summed exactly at a time: they stay in the cache


def dot(a: Array, b: Array, ta: DType, tb: DType, to: DType, overflow: str | None = None) -> Array:
    """a [..., M, K] of ta by b [..., K, N] of tb -> [..., M, N] of `to`; leading axes broadcast.

    An exact zero is +0.  Infinities and NaN as IEEE has them; overflow as the format `to` does.
    Codebooks count as their entries.  Fixed point into integers or fixed point is rounded once.
    What does not fit these becomes what `overflow` says, by default wrapped.  TV0251 for floats
    into an integer.
    """
    a, ta = numbers(np.asarray(a), ta)
    b, tb = numbers(np.asarray(b), tb)
    _check_result(to, ta, tb)
    if not to.is_float and not (to.is_int and ta.is_int and tb.is_int):
        (x, wx, sx), (y, wy, sy) = steps(a, ta), steps(b, tb)
        bits = wx + wy + int(a.shape[-1]).bit_length()
        sums = np.matmul(exact_integers(x, bits), exact_integers(y, bits))
        return fit_steps(sums, bits, sx + sy, to, overflow, "dot")
    if isinstance(to, IntType):
        kinds = cast(IntType, ta), cast(IntType, tb)
        if overflow in (None, "wrap"):
            return integer_dot(a, b, *kinds, to)
        return exact_dot(a, b, *kinds).fit(to, overflow, "dot")
    target = cast(FloatType, to)
    if a.shape[-1] == 0:
        shape = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
        return target.quantise(np.zeros((*shape, a.shape[-2], b.shape[-1])))
    x, y = _factors(a, b, ta, tb)
    with np.errstate(all="ignore"):
        return _float_dot(x, y, ta, tb, target, (a, b))


def total(
    a: Array, t: DType, to: DType, axes: int | tuple[int, ...], overflow: str | None = None
) -> Array:
    """The sum of a over `axes`: exact, then wrapped (integers) or rounded once (floats).

    An exact zero is +0.  Codebooks, fixed point and `overflow` as in `dot`.  TV0251 for floats into
    an integer.
    """
    a, t = numbers(np.asarray(a), t)
    _check_result(to, t)
    axes = (axes,) if isinstance(axes, int) else tuple(axes)
    if not to.is_float and not (to.is_int and t.is_int):
        x, width, scale = steps(a, t)
        bits = width + int(a.size).bit_length()
        sums = np.asarray(np.sum(exact_integers(x, bits), axis=axes))
        return fit_steps(sums, bits, scale, to, overflow, "sum")
    if isinstance(to, IntType):
        if overflow not in (None, "wrap"):
            return exact_total(a, axes).fit(to, overflow, "sum")
        wide = np.dtype(np.int64 if a.dtype.kind == "i" else np.uint64)
        return to.wrap(np.asarray(np.sum(a, axis=axes, dtype=wide)))
    kept = [i for i in range(a.ndim) if i not in {axis % a.ndim for axis in axes}]
    summed = [i for i in range(a.ndim) if i not in kept]
    shape = tuple(a.shape[i] for i in kept)
    rows = a.transpose(kept + summed).reshape(int(np.prod(shape)), -1) if a.size else a[:0]
    if a.size == 0:
        return cast(FloatType, to).quantise(np.zeros(shape))
    terms = np.concatenate(_split(rows, t), axis=-1)
    with np.errstate(all="ignore"):
        return _float_total(terms, t, cast(FloatType, to)).reshape(shape)


def _check_result(to: DType, *sources: DType) -> None:
    for t in sources:
        if t.is_float and not to.is_float:
            raise error(
                "TV0251",
                f"a sum of {t} has a float result, not {to}",
                help=f"sum to a float type, then `cast` it to {to}",
            )


def _float_total(terms: Floats, t: DType, to: FloatType) -> Floats:
    count = terms.shape[-1]
    plain = terms.sum(axis=-1) + 0.0
    sizes = np.abs(terms)
    if count * _largest_integer(t) <= 2**53 or _few_bits(sizes, _precision(t)):
        return to.quantise(plain)
    finite = np.asarray(np.isfinite(terms).all(axis=-1))
    if not finite.all():
        plain = np.where(finite, plain, _with_finite_as_signs(terms).sum(axis=-1))
        terms = np.where(finite[:, None], terms, 0.0)
        sizes = np.abs(terms)
    bound = (count + 8) * _UNIT * sizes.sum(axis=-1)
    result, decided = _decide(plain, bound, ~finite, to)
    left = np.flatnonzero(~decided)
    step = max(1, _GATHERED // count)
    huge = sizes.max(initial=0.0) > 2.0**900
    for start in range(0, len(left), step):
        chosen = left[start : start + step]
        if huge:
            sums = [sum(map(Fraction, row.tolist()), Fraction(0)) for row in terms[chosen]]
            result[chosen] = _rounded_fractions(sums, to)
        else:
            result[chosen] = to.round_pair(*exact_sums(terms[chosen]))
    return result


def _few_bits(sizes: Floats, precision: int) -> bool:
    """Whether float64 counts all sums of a row of terms of these sizes and that precision.

    It does where 2**53 units exceed the sum of the sizes: a number of p bits is a multiple of a
    power of two that is greater than 2**-p of it.
    """
    least, most = float(sizes.min()), float(sizes.max())
    if least == 0.0:
        least = float(np.where(sizes == 0, np.inf, sizes).min())
    return bool(sizes.shape[-1] * most <= min(least * 2.0 ** (53 - precision), 2.0**1000))


def _float_dot(
    a: Floats, b: Floats, ta: DType, tb: DType, to: FloatType, whole: tuple[Array, Array]
) -> Floats:
    """The products of `a` and `b`; `whole`: these before wide integers were split."""
    inner = a.shape[-1]
    plain = np.asarray(np.matmul(a, b) + 0.0)
    if exact_in(53, ta, tb, inner):
        return to.quantise(plain)
    if _may_have_few_bits(ta, tb, inner):
        decided = _rows_of_few_bits(a, b, _precision(ta) + _precision(tb))
        if np.count_nonzero(decided) >= _NEARLY_ALL * decided.size:
            return _with_exact(to.quantise(plain), decided, a, b, ta, tb, to)
    norm_a = np.sqrt(np.einsum("...mk,...mk->...m", a, a))[..., :, None]
    norm_b = np.sqrt(np.einsum("...kn,...kn->...n", b, b))[..., None, :]
    special = np.zeros(plain.shape, bool)
    if not (np.isfinite(norm_a).all() and np.isfinite(norm_b).all()):
        # the parts of a split integer may be 0, or have two signs
        signs = np.matmul(*(_with_finite_as_signs(x.astype(np.float64)) for x in whole))
        special = ~np.isfinite(signs)
        a, b = _finite_part(a), _finite_part(b)
        plain = np.where(special, signs, np.asarray(np.matmul(a, b)))
        norm_a = np.sqrt(np.square(a).sum(axis=-1))[..., :, None]
        norm_b = np.sqrt(np.square(b).sum(axis=-2))[..., None, :]
    ordinary = _moderate(ta, tb) or (_moderate_data(a) and _moderate_data(b))
    bound = (inner + 8) * _UNIT * norm_a * norm_b if ordinary else np.full(plain.shape, np.inf)
    result, decided = _decide(plain, bound, special, to)
    return _with_exact(result, decided, a, b, ta, tb, to, ordinary)


def _with_exact(
    result: Floats,
    decided: Array,
    a: Floats,
    b: Floats,
    ta: DType,
    tb: DType,
    to: FloatType,
    ordinary: bool = True,
) -> Floats:
    """The result, with the sums of the finite a and b where it is not decided taken exactly.

    `ordinary`: float64 holds the products of these values in two parts.
    """
    if decided.all():
        return result
    left, inner = np.unravel_index(np.flatnonzero(~decided), decided.shape), a.shape[-1]
    batch = decided.shape[:-2]
    rows = np.broadcast_to(a, (*batch, *a.shape[-2:]))
    columns = np.broadcast_to(b, (*batch, *b.shape[-2:])).swapaxes(-1, -2)
    exact = _precision(ta) + _precision(tb) <= 53
    step = max(1, _GATHERED // inner)
    for start in range(0, len(left[0]), step):
        cells = tuple(axis[start : start + step] for axis in left)
        x = np.asarray(rows[cells[:-1]])
        y = np.asarray(columns[(*cells[:-2], cells[-1])])
        if not ordinary:
            pairs = (zip(p.tolist(), q.tolist(), strict=True) for p, q in zip(x, y, strict=True))
            result[cells] = _rounded_fractions([fraction_sum(list(row)) for row in pairs], to)
        elif exact:
            result[cells] = to.round_pair(*exact_sums(x * y))
        else:
            result[cells] = to.round_pair(*exact_sums(np.concatenate(two_prod(x, y), axis=-1)))
    return result


def _decide(plain: Floats, bound: Floats, special: Array, to: FloatType) -> tuple[Floats, Array]:
    """plain rounded, and where every value within `bound` of it rounds to the same code.

    `special` elements are infinite or NaN for good, so decided.
    """
    low, high = to.quantise(plain - bound, nan="zero"), to.quantise(plain + bound, nan="zero")
    same = np.asarray((low == high) & ((low != 0) | (bound == 0)))  # the sign of a zero: in doubt
    if not same.all():
        same |= np.isnan(low) & np.isnan(high) & (np.abs(plain) > bound)  # NaN on one side of zero
    decided = special | (np.isfinite(plain) & np.isfinite(bound) & same)
    return np.where(special, to.quantise(plain), low) if special.any() else low, decided


def _rounded_fractions(sums: list[Fraction], to: FloatType) -> Floats:
    return to.quantise(np.array([round_fraction(to.format, value) for value in sums]))


def _with_finite_as_signs(x: Floats) -> Floats:
    """Infinities and NaN kept, the rest as -1, 0, 1: sums of these overflow for no other reason."""
    return np.where(np.isfinite(x), np.sign(x), x)


def _finite_part(x: Floats) -> Floats:
    return np.where(np.isfinite(x), x, 0.0)


# --- what the types prove


@cache
def _largest_integer(t: DType) -> int:
    """The largest magnitude, in units of the smallest."""
    if isinstance(t, FloatType):
        return int(Fraction(t.max) / Fraction(t.format.smallest))
    if isinstance(t, FixedType):
        t = t.base
    return max(-int(t.min), int(t.max))


def _precision(t: DType) -> int:
    """Significant bits of a factor, after `_split`."""
    if isinstance(t, FloatType):
        return t.format.precision
    return t.bits if t.bits <= 53 else 33


@cache
def _may_have_few_bits(ta: DType, tb: DType, inner: int) -> bool:
    """Whether `_rows_of_few_bits` may well hold for ordinary data.

    Of K normally distributed numbers the largest is some 4 K times the smallest.
    """
    depth = inner.bit_length()
    return _moderate(ta, tb) and 3 * depth + 8 + _precision(ta) + _precision(tb) <= 53


def _rows_of_few_bits(a: Floats, b: Floats, precision: int) -> Array:
    """Where float64 counts all sums of products: as `_few_bits`, for rows and columns.

    `precision`: bits of a product.  Nowhere, if there are infinities or NaN.
    """
    (most_a, least_a), (most_b, least_b) = _ends(a, -1), _ends(b, -2)
    if not (np.isfinite(most_a).all() and np.isfinite(most_b).all()):
        return np.zeros((1, 1), bool)
    most = most_a[..., :, None] * most_b[..., None, :] * a.shape[-1]
    return np.asarray(
        most <= least_a[..., :, None] * least_b[..., None, :] * 2.0 ** (53 - precision)
    )


def _ends(x: Floats, axis: int) -> tuple[Floats, Floats]:
    """The largest magnitudes along an axis, and the smallest but 0; NaN where one is."""
    sizes = np.abs(np.moveaxis(x, axis, 0), order="C")  # the first axis is quickest to reduce
    most, least = sizes.max(axis=0), sizes.min(axis=0)
    if (least == 0).any():
        least = np.where(sizes == 0, np.inf, sizes).min(axis=0)
    return most, least


@cache
def exact_in(bits: int, ta: DType, tb: DType, inner: int) -> bool:
    """Whether every sum of `inner` products is exact in floats of so many significant bits."""
    largest = inner * _largest_integer(ta) * _largest_integer(tb)
    return largest <= 1 << bits and _moderate(ta, tb)


@cache
def _moderate(*types: DType) -> bool:
    return all(
        not isinstance(t, FloatType)
        or (t.format.smallest >= _MODERATE[0] and t.max <= _MODERATE[1])
        for t in types
    )


def _moderate_data(x: Floats) -> bool:
    size = np.abs(x)
    size[size == 0] = 1.0
    return not size.size or bool(size.min() >= _MODERATE[0] and size.max() <= _MODERATE[1])


def _split(x: Array, t: DType) -> list[Floats]:
    """Float64 arrays that add up to x: one, or two for integers of more than 53 bits."""
    if t.is_float or t.bits <= 53:
        return [x.astype(np.float64, copy=False)]
    low = x & x.dtype.type(0xFFFFFFFF)
    return [(x - low).astype(np.float64), low.astype(np.float64)]


def _factors(a: Array, b: Array, ta: DType, tb: DType) -> tuple[Floats, Floats]:
    """Float64 factors with the same products; splitting an operand lengthens the inner axis."""
    left, right = _split(a, ta), _split(b, tb)
    if len(left) == len(right) == 1:
        return left[0], right[0]
    x = np.concatenate([p for p in left for _ in right], axis=-1)
    y = np.concatenate([q for _ in left for q in right], axis=-2)
    return x, y
