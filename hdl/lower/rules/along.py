"""Rules of ops that go along one dimension: scans, and elements found by an index tile."""

from __future__ import annotations

from math import prod

import numpy as np

from hdl.lower.functions import Combine, Entries, ScanStep, beat_shape
from hdl.lower.rules.rule import Need, Plan, lowers, no_trap
from hdl.lower.rules.tables import slots_of
from hdl.lower.schedule import HOLE, Schedule, largest_divisor
from hdl.lower.wires import refused
from hdl.units import Identity
from tilevm.dtypes import IntType
from tilevm.ir import ops

MAX_STATE = 1024  # bits of an exact prefix

_COMBINES = {"add": "sum", "mul": "product", "min": "min", "max": "max"}


@lowers(ops.Scan)
def _(op: ops.Scan, schedule: Schedule, lanes: int) -> Plan:
    """Row by row: as many lanes along the dimension as divide it, and rows where lanes are left."""
    if not op.to.is_int or not op.a.dtype.is_int:
        reason = "each of its prefixes is rounded from an exact one, and no unit keeps these"
        raise refused(op, reason, "`cast` to integers first")
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
    function = ScanStep(
        Combine(_COMBINES[op.op], _state(op)),
        op.to,
        rows,
        wide,
        op.exclusive,
        op.overflow == "sat",
    )
    plain = Identity(beat_shape(op.a.dtype, rows * wide))
    return Plan(beats, (Need(op.a, beats),), plain, None, steps, scan=function)


def _state(op: ops.Scan) -> IntType:
    """The type of a prefix: that of the result, or if it saturates one that holds every prefix."""
    assert isinstance(op.to, IntType) and isinstance(op.a.dtype, IntType)
    if op.overflow != "sat":
        return op.to
    length, bits = op.a.tile.shape[op.dim], op.a.dtype.bits
    wide = length * bits + 1 if op.op == "mul" else bits + length.bit_length() + 1
    if max(wide, op.to.bits) > MAX_STATE:
        reason = f"an exact prefix has up to {wide:,} bits, and {MAX_STATE:,} is the most"
        raise refused(op, reason, "scan shorter tiles, or use `overflow = wrap`")
    return IntType(max(wide, op.to.bits) + 1, signed=True)


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
