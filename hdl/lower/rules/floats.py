"""Rules of ops on floats and fixed point, element by element: exact, then rounded once."""

from __future__ import annotations

import operator
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from hdl.lower.functions import Circuits, Factor, Lane, Table, VectorTable, extreme_code
from hdl.lower.functions.exact import is_special, whole_type
from hdl.lower.rules.rule import Need, Plan, Words, lowers, no_trap
from hdl.lower.schedule import HOLE, Schedule
from hdl.lower.wires import refused
from tilevm.dtypes import CodebookType, DType, FixedType, FloatType, Trap, dtype
from tilevm.ir import Op, Value, ops

WIDEST_TABLE = 16  # bits of a code that indexes a table: 65,536 entries
OTHER_OVERFLOW = "use another `overflow`"  # of floats there are more
WIDEST_DIVIDER = 32  # bits of a code: the quotient bits are one combinational path


def in_circuit(
    op: Op, schedule: Schedule, logic: Callable[..., Lane], mean: Callable[..., Any] | None = None
) -> Plan:
    """An op that computes each element from the same element of its operands, in a circuit."""
    needs = tuple(Need(value, schedule) for value in op.operands)
    kinds = tuple(value.dtype for value in op.operands)
    meaning = op.run if mean is None else mean
    function = Circuits(op.name, kinds, op.out.dtype, schedule.shape[1], logic, meaning)
    return Plan(schedule, needs, function)


def no_nan(op: Op, kind: DType, may_be_nan: bool, help: str | None = None) -> None:
    """Refuses a result that may be NaN in a type without NaN: there the machine stops."""
    if may_be_nan and isinstance(kind, FloatType) and kind.format.nan_code is None:
        reason = f"a NaN, or a negative number, may have no code in {kind}: the machine stops there"
        raise refused(op, reason, help or "compute in a type that has NaN")


def floating(op: Any, schedule: Schedule) -> Plan:
    """`add`, `sub`, `mul`, `div`, `fma`, `neg`, `abs` of floats or fixed point."""
    no_trap(op, OTHER_OVERFLOW)
    kind = op.out.dtype
    if isinstance(kind, FixedType):
        return _fixed(op, schedule, kind)
    assert isinstance(kind, FloatType)
    f, negative = kind.format, isinstance(op, ops.Sub | ops.Neg)
    no_nan(op, kind, isinstance(op, ops.Div) or (negative and not f.signed))
    rounding, overflow = getattr(op, "rounding", "nearest_even"), op.overflow

    def logic(c: Any, *codes: Lane) -> Lane:
        from dataclasses import replace

        from amaranth import Const

        from hdl import floats

        numbers = [floats.unpack(c, f, code) for code in codes]
        down = rounding == "down"
        match op:
            case ops.Add():
                found = floats.plus(c, *numbers, f.precision, down)
            case ops.Sub():
                found = floats.plus(c, numbers[0], floats.negated(numbers[1]), f.precision, down)
            case ops.Mul():
                found = floats.multiply(c, *numbers)
            case ops.Div():
                found = floats.divide(c, *numbers, f.precision)
            case ops.Fma():
                product = floats.multiply(c, *numbers[:2])
                found = floats.plus(c, product, numbers[2], f.precision, down)
            case ops.Neg():
                found = floats.negated(numbers[0])
            case _:
                found = replace(numbers[0], negative=Const(0, 1))
        return floats.round_pack(c, f, found, rounding, overflow)

    if isinstance(op, ops.Div) and kind.bits > WIDEST_DIVIDER:
        reason = f"a divider of {kind} would be one path of {kind.bits} bits of quotient"
        raise refused(op, reason, "divide in f32 or less")
    return in_circuit(op, schedule, logic)


def _fixed(op: Any, schedule: Schedule, kind: FixedType) -> Plan:
    base, overflow = kind.base, op.overflow or "wrap"

    def logic(c: Any, *codes: Lane) -> Lane:
        from amaranth import Mux

        from hdl import floats

        if isinstance(op, ops.Mul):
            numbers = [floats.read(c, kind, code) for code in codes]
            product = floats.scaled(floats.multiply(c, *numbers), -kind.scale)
            return floats.round_integer(c, base, product, op.rounding, overflow)
        x = [floats.whole(kind, code) for code in codes]
        match op:
            case ops.Div():
                found = floats.quotient(c, *x, -kind.scale, op.rounding)
                value = c.keep("value", Mux(x[1] == 0, 0, found))
            case ops.Add():
                value = x[0] + x[1]
            case ops.Sub():
                value = x[0] - x[1]
            case ops.Neg():
                value = -x[0]
            case _:
                value = Mux(x[0] < 0, -x[0], x[0])
        return floats.within(c, base, value) if overflow == "sat" else value

    def divided(a: Any, b: Any) -> Any:
        """The machine stops at a zero; a lane that no element is in may hold one."""
        zero = b == 0
        return np.where(
            zero, 0.0, kind.div(a, np.where(zero, kind.max, b), op.overflow, op.rounding)
        )

    if not isinstance(op, ops.Div):
        return in_circuit(op, schedule, logic)
    width = kind.bits + abs(kind.scale)
    if width > WIDEST_DIVIDER:
        reason = f"a divider of {kind} would be one path of {width} bits of quotient"
        raise refused(op, reason, "use fewer bits or a smaller scale")
    return in_circuit(op, schedule, logic, divided)


for _kind in (ops.Div, ops.Fma):

    @lowers(_kind)
    def _(op: Any, schedule: Schedule, lanes: int) -> Plan:
        return floating(op, schedule)


def compared(op: ops.Compare, schedule: Schedule) -> Plan:
    """`compare` of floats, fixed point or codes of a codebook."""
    kind = op.a.dtype

    def logic(c: Any, a: Lane, b: Lane) -> Lane:
        from hdl import floats

        if isinstance(kind, FloatType):
            return floats.compared(c, kind.format, a, b, op.pred)
        return getattr(operator, op.pred)(floats.whole(kind, a), floats.whole(kind, b))

    return in_circuit(op, schedule, logic)


def chosen(op: Any, schedule: Schedule, *bounds: tuple[float, bool]) -> Plan:
    """`min`, `max`, and `clip` to bounds (value, whether the larger one is taken)."""
    kind = op.out.dtype

    assert isinstance(kind, FloatType | FixedType)
    choose = partial(extreme_code, nan=getattr(op, "nan", "propagate"))

    def logic(c: Any, *codes: Lane) -> Lane:
        from amaranth import Const

        if len(codes) == 2:
            return choose(c, kind, *codes, isinstance(op, ops.Max))
        found = codes[0]
        for bound, larger in bounds:
            code = int(kind.encode(kind.coerce([bound]))[0])
            found = choose(c, kind, found, Const(code, kind.bits), larger)
        return found

    return in_circuit(op, schedule, logic)


def cast(op: ops.Cast, schedule: Schedule) -> Plan:
    """`cast` from or to anything that is not an integer."""
    no_trap(op, OTHER_OVERFLOW)
    given, to = op.a.dtype, op.to
    if isinstance(given, CodebookType) or isinstance(to, CodebookType):
        return tabulated(
            op, schedule, lambda x: given.cast(x, to, op.rounding, op.overflow, op.nan)
        )
    if is_special(given) and op.nan == "trap":
        raise refused(op, "hardware cannot stop at a NaN", "use `nan = zero`")
    if op.nan != "zero" and isinstance(to, FloatType):
        below = float(given.min) < 0 and not to.signed
        no_nan(op, to, is_special(given) or below, "use `nan = zero`")
    wraps = not given.is_float
    overflow = op.overflow or ("wrap" if wraps else "sat")

    def logic(c: Any, code: Lane, word: Lane | None = None) -> Lane:
        from hdl import floats

        x = floats.read(c, given, code)
        if isinstance(to, FloatType):
            return floats.round_pack(c, to.format, x, op.rounding, op.overflow, word)
        base, scale = whole_type(to)
        x = floats.scaled(x, -scale)
        return floats.round_integer(c, base, x, op.rounding, overflow, word)

    def mean(x: Any, words: Any = None) -> Any:
        return given.cast(x, to, op.rounding, op.overflow, op.nan, words)

    if op.seed is None:
        return in_circuit(op, schedule, logic, mean)
    kinds = (given, dtype("u32"))
    function = Circuits(op.name, kinds, to, schedule.shape[1], logic, mean)
    words = Words(op.seed, op.counter)
    return Plan(schedule, (Need(op.a, schedule),), function, words=words)


def tabulated(op: Any, schedule: Schedule, mean: Callable[[Any], Any]) -> Plan:
    """An op of one operand as a table of the results for all of its codes."""
    given, to = op.a.dtype, op.out.dtype
    if given.bits > WIDEST_TABLE:
        hint = f"`cast` to a format of at most {WIDEST_TABLE} bits first"
        if isinstance(given, CodebookType) or isinstance(to, CodebookType):
            hint = f"use codes of at most {WIDEST_TABLE} bits"
        reason = f"it is a table of all codes, and {given} has {given.bits} bits"
        raise refused(op, f"{reason}, more than {WIDEST_TABLE}", hint)
    count = len(given.table) if isinstance(given, CodebookType) else 1 << given.bits
    try:
        found = to.encode(mean(given.decode(np.arange(count, dtype=np.uint64))))
    except Trap as stop:
        reason = f"the machine stops at some values of {given} ({stop.message})"
        raise refused(op, reason, "bring them into range first, in a type that has them") from None
    results = tuple(int(code) for code in found) + (0,) * ((1 << given.bits) - count)
    function = Table(f"{op.name} of {given}", to, schedule.shape[1], results)
    return Plan(schedule, (Need(op.a, schedule),), function, table=given.bits)


@lowers(ops.Decode)
def _(op: ops.Decode, schedule: Schedule, lanes: int) -> Plan:
    kind = op.a.dtype
    assert isinstance(kind, CodebookType)
    if kind.vector is not None:
        return _vectors(op, kind, kind.vector, schedule)
    return tabulated(op, schedule, kind.lookup)


def _vectors(op: ops.Decode, kind: CodebookType, length: int, schedule: Schedule) -> Plan:
    """Whole vectors a beat: as many as are asked for, or one where it asks for parts of some."""
    whole = schedule.shape[1] % length == 0 and not (schedule == HOLE).any()
    if whole:
        parts = schedule.reshape(len(schedule), -1, length)
        whole = bool((parts == parts[..., :1] // length * length + np.arange(length)).all())
    if not whole:
        schedule = np.arange(op.out.tile.size, dtype=np.int64).reshape(-1, length)
    taken = schedule[:, ::length] // length
    codes = kind.entry.encode(kind.table).reshape(-1, length)
    rows = [tuple(map(int, row)) for row in codes]
    rows += [(0,) * length] * ((1 << kind.bits) - len(rows))
    function = VectorTable(kind.entry, taken.shape[1], tuple(rows))
    return Plan(schedule, (Need(op.a, taken),), function, table=kind.bits)


@lowers(ops.Bitcast)
def _(op: ops.Bitcast, schedule: Schedule, lanes: int) -> Plan:
    """Bits that become floats: every NaN the one of its format."""
    kind = op.to
    assert isinstance(kind, FloatType), kind  # else it only moves bits

    def logic(c: Any, code: Lane) -> Lane:
        from amaranth import Mux

        from hdl import floats

        bits = code.as_unsigned()
        return Mux(floats.unpack(c, kind.format, bits).invalid, kind.format.nan_code or 0, bits)

    return in_circuit(op, schedule, logic)


@lowers(ops.Dequantize)
def _(op: ops.Dequantize, schedule: Schedule, lanes: int) -> Plan:
    """(code - zero) * scale + offset, exactly; then one rounding."""
    from tilevm import dtypes

    kind = op.to
    assert isinstance(kind, FloatType)
    given = [value for value in (op.a, op.zero, op.scale, op.offset) if value is not None]
    assert not isinstance(op.a.dtype, CodebookType), "it is decoded before"
    signed = any(float(value.dtype.min) < 0 for value in given) or op.zero is not None
    special = any(is_special(value.dtype) for value in given)
    no_nan(op, kind, special or (signed and not kind.signed))
    factor = Factor(op.a.dtype, op.zero and op.zero.dtype, op.scale.dtype)

    def logic(c: Any, *codes: Lane) -> Lane:
        from hdl import floats

        value = factor.number(c, codes[: len(factor.kinds)])
        if op.offset is not None:
            offset = floats.read(c, op.offset.dtype, codes[-1])
            value = floats.plus(c, value, offset, kind.format.precision)
        return floats.round_pack(c, kind.format, value)

    def mean(*arrays: Any) -> Any:
        values = [np.asarray(array, np.float64) for array in arrays]
        code = values.pop(0)
        zero = values.pop(0) if op.zero is not None else None
        scale = values.pop(0)
        return dtypes.scaled(code, scale, kind, zero, values.pop() if values else None)

    needs = tuple(Need(v, per_group(v, op.a.tile.shape, schedule)) for v in given)
    kinds = tuple(value.dtype for value in given)
    function = Circuits(op.name, kinds, kind, schedule.shape[1], logic, mean)
    return Plan(schedule, needs, function, accumulator=factor.reach)


def per_group(value: Value, shape: tuple[int, ...], elements: Schedule) -> Schedule:
    """For elements of a tile of that shape, those of a tile with one element for each group."""
    groups = value.tile.shape
    numbers = np.arange(value.tile.size).reshape(groups)
    for dim, (whole, part) in enumerate(zip(shape, groups, strict=True)):
        numbers = np.repeat(numbers, whole // part, axis=dim)
    return np.where(elements < 0, elements, numbers.reshape(-1)[elements])
