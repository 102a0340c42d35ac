"""The rule of `quantize`: how far each group reaches, its scale and zero point, and the codes.

Each result is an actor of its own, the codes take the scale from its.  A group with a NaN or an
infinity, where the machine stops, has codes that mean nothing.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from hdl.lower.functions import Circuits, JoinStep, Lane, Reach, ReachOf
from hdl.lower.rules.floats import WIDEST_DIVIDER, no_nan, per_group
from hdl.lower.rules.reductions import reduced
from hdl.lower.rules.rule import Need, Plan, lowers
from hdl.lower.schedule import Schedule
from hdl.lower.wires import refused
from tilevm import dtypes
from tilevm.dtypes import DType, FloatType, IntType
from tilevm.ir import Value, ops
from tilevm.ir.ops.scaled import in_groups

if TYPE_CHECKING:
    from hdl.floats import Circuit, Number

WIDEST_WHOLE = 36  # bits of a whole quotient, before a zero point is added


@lowers(ops.Quantize)
def _(op: ops.Quantize, schedule: Schedule, lanes: int, result: Value) -> Plan:
    codes, scale, *zeros = op.results
    _check(op)
    if result is codes:
        return _codes(op, schedule)
    kind = op.a.dtype
    assert isinstance(kind, FloatType)
    reach = Reach(kind, apart=bool(zeros))
    numbers = np.arange(op.a.tile.size, dtype=np.int64).reshape(1, *op.a.tile.shape)
    members = in_groups(numbers, op.group).reshape(scale.tile.size, -1)
    needed, wide, steps = reduced(schedule, members, lanes)
    across = schedule.shape[1]
    finish = (_scale if result is scale else _zero)(op, reach, across)
    return Plan(
        schedule,
        (Need(op.a, needed),),
        ReachOf(reach, across, wide),
        JoinStep(reach, across) if steps > 1 else None,
        steps,
        finish=finish,
        beside=() if result is scale else (Need(scale, schedule),),
    )


def _check(op: ops.Quantize) -> None:
    """Refuses dividers that would be too long a path."""
    kinds = [op.a.dtype, op.scale, *([op.to] if op.to.is_float else [])]
    widest = max(kinds, key=lambda kind: kind.bits)
    if widest.bits > WIDEST_DIVIDER:
        reason = f"a divider of {widest} would be one path of {widest.bits} bits of quotient"
        raise refused(op, reason, "quantize f32 or less, with such a `scale`")
    if op.zero is not None and _whole(op).bits > WIDEST_WHOLE:
        reason = f"with zero points of {op.zero} a quotient would have {_whole(op).bits} bits"
        raise refused(op, f"{reason}, and {WIDEST_WHOLE} is the most", "use a narrower `zero`")


def _whole(op: ops.Quantize) -> IntType:
    """What holds a whole quotient; one that saturates it is out of range with any zero point."""
    bits = max(op.to.bits, op.zero.bits if op.zero is not None else 0)
    return IntType(bits + 2, signed=True)


# --- scales


def _scale(op: ops.Quantize, reach: Reach, lanes: int) -> Circuits:
    kind, to = op.scale, op.to
    assert isinstance(kind, FloatType)
    f = kind.format
    steps = Fraction(to.max) - (Fraction(to.min) if reach.apart else 0)

    def logic(c: Circuit, lane: Lane) -> Lane:
        from hdl import floats

        sizes = [_magnitude(c, reach, part) for part in reach.parts(lane)]
        if not reach.apart and f.mantissa == 0:
            return _power(c, kind, to, sizes[0])
        span = sizes[0]
        if reach.apart:
            # right beside every boundary of the quotient times `steps`
            precision = f.precision + 1 + int(steps).bit_length()
            span = floats.plus(c, *sizes, precision)
        return floats.round_pack(
            c, f, floats.divide(c, span, _constant(steps), f.precision), overflow="sat"
        )

    def mean(reaches: Any) -> Any:
        if not reach.apart:
            return dtypes.largest_scale(reach.values(reaches)[0][..., None], to, kind)
        return _ranges(op, reach, reaches)[0]

    return Circuits("scale", (reach.type,), kind, lanes, logic, mean)


def _power(c: Circuit, kind: FloatType, to: DType, most: Number) -> Lane:
    """The power of two for a largest magnitude, by the exponents alone."""
    from amaranth import Mux

    from hdl import floats

    f = kind.format
    emax = int(np.frexp(float(to.max))[1]) - 1
    _, zeros = floats.normalised(c, most.significand)
    log = c.keep("log", most.exponent - zeros + (len(most.significand) - 1 - emax))
    held = Mux(log < f.lsb, f.lsb, Mux(log > f.highest, f.highest, log))
    field = c.keep("exponent", Mux(most.is_zero, f.lsb, held) + f.bias)
    return c.keep("power", field, kind.bits)


def _magnitude(c: Circuit, reach: Reach, size: Lane) -> Number:
    """The number from 0 up whose code without a sign this is."""
    from amaranth import Cat, Const

    from hdl import floats

    return floats.unpack(c, reach.kind.format, Cat(size, Const(0, reach.kind.bits - reach.width)))


def _constant(value: Fraction) -> Number:
    """A number from 0 up that is a whole one times a power of two."""
    from amaranth import Const

    from hdl.floats import Number

    whole = value.numerator
    zeros = (whole & -whole).bit_length() - 1
    exponent = zeros - (value.denominator.bit_length() - 1)
    none = Const(0, 1)
    return Number(none, Const(whole >> zeros), Const(exponent), none, none)


def _ranges(op: ops.Quantize, reach: Reach, reaches: Any) -> tuple[Any, Any]:
    """The scales and zero points of groups that reach so far."""
    high, low = reach.values(reaches)
    assert isinstance(op.to, IntType) and isinstance(op.zero, IntType)
    assert isinstance(op.scale, FloatType)
    return dtypes.range_scale(np.stack([high, -low], axis=-1), op.to, op.scale, op.zero)


# --- zero points and codes


def _zero(op: ops.Quantize, reach: Reach, lanes: int) -> Circuits:
    kind, scale = op.zero, op.scale
    assert isinstance(kind, IntType) and isinstance(scale, FloatType)

    def logic(c: Circuit, lane: Lane, divisor: Lane) -> Lane:
        from hdl import floats

        low = _magnitude(c, reach, reach.parts(lane)[1])
        whole = _whole_quotient(op, c, low, floats.unpack(c, scale.format, divisor))
        return floats.within(c, kind, whole + int(op.to.min))

    def mean(reaches: Any, _: Any) -> Any:
        return _ranges(op, reach, reaches)[1]

    return Circuits("zero point", (reach.type, scale), kind, lanes, logic, mean)


def _codes(op: ops.Quantize, schedule: Schedule) -> Plan:
    _, *per = op.results
    to, given = op.to, (op.a, *per)
    kinds = tuple(value.dtype for value in given)
    no_nan(op, to, kinds[0].signed and not to.signed)

    def logic(c: Circuit, code: Lane, scale: Lane, *zero: Lane) -> Lane:
        from hdl import floats

        x, s = (
            floats.read(c, kind, lane) for kind, lane in zip(kinds, (code, scale), strict=False)
        )
        if zero:
            return floats.within(c, to, _whole_quotient(op, c, x, s) + zero[0])
        if isinstance(to, FloatType):
            quotient = _quotient(c, x, s, to.format.precision)
            return floats.round_pack(c, to.format, quotient, overflow="sat")
        return floats.round_integer(c, to, _quotient(c, x, s, to.bits))

    def mean(a: Any, scale: Any, *zero: Any) -> Any:
        return dtypes.codes_of(a, scale, to, *zero)

    function = Circuits("quantize", kinds, to, schedule.shape[1], logic, mean)
    needs = tuple(Need(v, per_group(v, op.a.tile.shape, schedule)) for v in given)
    return Plan(schedule, needs, function)


def _whole_quotient(op: ops.Quantize, c: Circuit, x: Number, y: Number) -> Lane:
    """x / y to the nearest whole number, half to even; 0 where y is 0."""
    from hdl.floats import round_integer

    kind = _whole(op)
    return c.as_signed("steps", round_integer(c, kind, _quotient(c, x, y, kind.bits)), kind.bits)


def _quotient(c: Circuit, x: Number, y: Number, precision: int) -> Number:
    """x / y as it rounds to `precision` bits; 0 where y is 0."""
    from amaranth import Mux

    from hdl.floats import divide

    found = divide(c, x, y, precision)
    some = c.keep("some", ~y.is_zero)
    return replace(
        found,
        negative=found.negative & some,
        significand=c.keep("quotient_or_0", Mux(some, found.significand, 0)),
        infinite=found.infinite & some,
        invalid=found.invalid & some,
    )
