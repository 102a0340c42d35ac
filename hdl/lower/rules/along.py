"""Rules of ops that go along one dimension: scans, and elements found by an index tile."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

import numpy as np

from hdl.lower.functions import (
    Combine,
    Entries,
    ExactTerms,
    Extreme,
    ExtremeOf,
    Factor,
    Joining,
    ProductTerms,
    ScanStep,
    Unmarked,
    beat_shape,
    to_beats,
)
from hdl.lower.rules.reductions import rounded_product, rounded_sum
from hdl.lower.rules.rule import Need, Plan, lowers, no_trap
from hdl.lower.rules.tables import slots_of
from hdl.lower.schedule import HOLE, Schedule, largest_divisor
from hdl.units import Identity, LaneFunction
from tilevm.dtypes import FloatType, IntType
from tilevm.ir import ops
from tilevm.ir.ops.convert import has_nan
from tilevm.ir.ops.scan import neutral

MAX_STATE = 64  # bits of an exact prefix that is an integer type

_COMBINES = {"add": "sum", "mul": "product", "min": "min", "max": "max"}


@lowers(ops.Scan)
def _(op: ops.Scan, schedule: Schedule, lanes: int) -> Plan:
    """Row by row: as many lanes along the dimension as divide it, and rows where lanes are left."""
    no_trap(op)
    shape = op.a.tile.shape
    length = shape[op.dim]
    numbers = np.arange(op.a.tile.size, dtype=np.int64).reshape(shape)
    table = np.moveaxis(numbers, op.dim, -1).reshape(-1, length)
    if op.reverse:
        table = table[:, ::-1]
    wide = largest_divisor(length, lanes)
    rows = largest_divisor(len(table), max(1, lanes // wide))
    steps = length // wide
    beats = table.reshape(-1, rows, steps, wide).transpose(0, 2, 1, 3).reshape(-1, rows * wide)
    each = _prefixes(op, rows * wide)
    scan = ScanStep(each.joining, rows, wide, op.exclusive, each.clamped)
    needs = (Need(op.a, beats),)
    return Plan(
        beats,
        needs,
        each.terms,
        None,
        steps,
        scan=scan,
        finish=each.finish,
        accumulator=each.bits,
    )


@dataclass(frozen=True, eq=False)
class _Prefixes:
    """How prefixes are kept: what elements become first, how they are joined, and what is given."""

    terms: LaneFunction
    joining: Joining
    clamped: IntType | None = None
    finish: LaneFunction | None = None
    bits: int = 0  # of what is exact


def _prefixes(op: ops.Scan, across: int) -> _Prefixes:
    kind = op.a.dtype
    if (state := _state(op)) is not None:
        clamped = op.to if op.overflow == "sat" and isinstance(op.to, IntType) else None
        plain = Identity(beat_shape(kind, across))
        return _Prefixes(plain, Combine(_COMBINES[op.op], state), clamped)
    if op.chooses:
        return _extremes(op, across)
    if op.op == "add":
        factors, length = (Factor(kind),), op.a.tile.shape[op.dim]
        exact, finish = rounded_sum(op, op.to, factors, length, across)
        return _Prefixes(ExactTerms(factors, exact, across, 1), exact, None, finish, exact.bits)
    product, rounded = rounded_product(op, op.to, op.a.tile.shape[op.dim], across)
    terms = ProductTerms(kind, product, across, 1)
    return _Prefixes(terms, product, None, rounded, product.bits)


def _extremes(op: ops.Scan, across: int) -> _Prefixes:
    kind = op.a.dtype
    assert isinstance(kind, FloatType), kind
    # before the first element an exclusive prefix is no NaN, which is what changes nothing then
    marked = op.exclusive and op.nan == "ignore" and has_nan(kind)
    extreme = Extreme(kind, op.op == "max", op.nan, marked)
    if not marked:
        return _Prefixes(Identity(beat_shape(kind, across)), extreme)
    nothing = int(to_beats(np.array([neutral(kind, op.op)]), kind)[0])
    finish = Unmarked(extreme, across, nothing)
    return _Prefixes(ExtremeOf(extreme, across, 1), extreme, None, finish)


def _state(op: ops.Scan) -> IntType | None:
    """The type of a prefix of integers; None where there is none of at most `MAX_STATE` bits.

    It is that of the result or, where that saturates, one that holds every prefix.
    """
    if not isinstance(op.to, IntType) or not isinstance(op.a.dtype, IntType):
        return None
    if op.overflow != "sat":
        return op.to
    length, bits = op.a.tile.shape[op.dim], op.a.dtype.bits
    wide = length * bits + 1 if op.op == "mul" else bits + length.bit_length() + 1
    wide = max(wide, op.to.bits) + 1
    return IntType(wide, signed=True) if wide <= MAX_STATE else None


@lowers(ops.Take)
def _(op: ops.Take, schedule: Schedule, lanes: int) -> Plan:
    """All elements along the dimension in one beat, and a multiplexer for each lane."""
    shape, index = op.a.tile.shape, op.index.tile
    found = op.out.tile.shape
    at = np.unravel_index(np.where(schedule == HOLE, 0, schedule), found)
    place = np.zeros_like(schedule)
    for extent, step in zip(index.shape, at, strict=False):
        place = place * extent + (step if extent > 1 else 0)
    place = np.where(schedule == HOLE, HOLE, place)
    first = np.zeros_like(schedule)
    for dim, (extent, step) in enumerate(zip(shape, at, strict=True)):
        first = first * extent + (0 if dim == op.dim else step)
    slots, lines = slots_of(first)
    entries, stride = shape[op.dim], prod(shape[op.dim + 1 :])
    needed = (lines[..., None] + np.arange(entries) * stride).reshape(len(schedule), -1)
    function = Entries(op.out.dtype, slots, entries)
    return Plan(schedule, (Need(op.a, needed), Need(op.index, place)), function)
