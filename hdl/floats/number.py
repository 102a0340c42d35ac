"""Numbers inside of logic: a sign, a whole significand and the exponent of its lowest bit."""

from __future__ import annotations

from dataclasses import dataclass, replace

from amaranth import Cat, Const, Mux, Value

from hdl.floats.circuit import Circuit, Lane
from tilevm.dtypes import DType, FixedType, FloatFormat, FloatType


@dataclass(frozen=True, eq=False)
class Number:
    """``significand * 2**exponent``, negative or not; or infinite; or, before all, NaN.

    The significand is unsigned and need not be normalised.  A zero has a sign too.
    """

    negative: Lane
    significand: Lane
    exponent: Lane
    infinite: Lane
    invalid: Lane

    @property
    def is_zero(self) -> Lane:
        return self.significand == 0


def scaled(x: Number, exponent: int) -> Number:
    """x * 2**exponent."""
    return replace(x, exponent=x.exponent + exponent)


def whole(kind: DType, code: Lane) -> Lane:
    """The integer behind a code of an integer or fixed point type, by the type's sign."""
    value = Value.cast(code)
    return value.as_signed() if kind.signed else value.as_unsigned()


def read(c: Circuit, kind: DType, code: Lane) -> Number:
    """The number that a code of an integer, fixed point or float type stands for."""
    if isinstance(kind, FloatType):
        return unpack(c, kind.format, code)
    exponent = kind.scale if isinstance(kind, FixedType) else 0
    value = whole(kind, code)
    size = c.magnitude("size", value) if kind.signed else value
    negative = value < 0 if kind.signed else Const(0, 1)
    return Number(negative, size, Const(exponent), Const(0, 1), Const(0, 1))


def unpack(c: Circuit, f: FloatFormat, code: Lane) -> Number:
    """The number that a code of a float format stands for; of infinities and NaN only the flags
    (and the sign) are meant."""
    code = c.keep("code", Value.cast(code).as_unsigned())
    m, below_sign = f.mantissa, f.exponent + f.mantissa
    magnitude = code[:below_sign]
    fraction, field = code[:m], code[m:below_sign]
    negative: Lane = code[-1] if f.signed else Const(0, 1)
    if f.has_zero:
        subnormal = field == 0
        significand = c.keep("significand", Cat(fraction, ~subnormal))
        exponent = c.keep("exponent", Mux(subnormal, 1, field) + Const(-f.bias - m))
    else:
        significand = Const(1, 1)
        exponent = c.keep("exponent", field + Const(-f.bias))
    infinite, invalid = Const(0, 1), Const(0, 1)
    match f.convention:
        case "ieee":
            infinite = magnitude == f.inf_code
            invalid = magnitude > f.inf_code
        case "fn":
            invalid = magnitude > f.max_code
        case "fnuz":
            invalid = code == f.sign_code
    if f.nan_code is not None:
        invalid = c.keep("is_nan", invalid)
        infinite = c.keep("is_inf", infinite) if f.inf_code is not None else infinite
    return Number(negative, significand, exponent, infinite, invalid)
