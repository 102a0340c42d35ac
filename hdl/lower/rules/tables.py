"""Rules of look-up tables."""

from __future__ import annotations

import numpy as np

from hdl.lower.functions import (
    Select,
    Subsets,
)
from hdl.lower.rules.rule import Need, Plan, lowers
from hdl.lower.schedule import HOLE, Schedule
from tilevm.ir import ops


@lowers(ops.SubsetSums)
def _(op: ops.SubsetSums, schedule: Schedule, lanes: int) -> Plan:
    entries = 1 << op.group
    tables = op.out.tile.size // entries
    whole = schedule.shape[1] % entries == 0 and not (schedule == HOLE).any()
    if whole:
        parts = schedule.reshape(len(schedule), -1, entries)
        whole = bool((parts == parts[..., :1] // entries * entries + np.arange(entries)).all())
    if not whole:
        schedule = np.arange(tables * entries, dtype=np.int64).reshape(tables, entries)
    numbers = schedule[:, ::entries] // entries
    needed = (numbers[..., None] * op.group + np.arange(op.group)).reshape(len(schedule), -1)
    function = Subsets(op.out.dtype, op.group, numbers.shape[1])
    return Plan(schedule, (Need(op.a, needed),), function)


@lowers(ops.Lookup)
def _(op: ops.Lookup, schedule: Schedule, lanes: int) -> Plan:
    """An index beyond the table, where the machine stops, gives an entry of no meaning."""
    table, index = op.table.tile, op.index.tile
    *lead, entries = table.shape
    rows = np.arange(table.size // entries, dtype=np.int64).reshape(lead)
    gap = (1,) * (index.rank - len(lead))
    row_of = np.broadcast_to(rows.reshape((*gap, *lead)), index.shape).reshape(-1)
    wanted = np.where(schedule == HOLE, row_of[0], row_of[schedule])
    slots, tables = slots_of(wanted)
    needed = (tables[..., None] * entries + np.arange(entries)).reshape(len(schedule), -1)
    function = Select(op.out.dtype, slots, entries)
    return Plan(schedule, (Need(op.table, needed), Need(op.index, schedule)), function)


def slots_of(wanted: Schedule) -> tuple[tuple[int, ...], Schedule]:
    """For each lane the number of its table within a beat, and the tables of each beat.

    Lanes that share a table in every beat share it in hardware.
    """
    _, first, slots = np.unique(wanted, axis=1, return_index=True, return_inverse=True)
    order = np.argsort(np.argsort(first))
    return tuple(int(order[s]) for s in slots.reshape(-1)), wanted[:, np.sort(first)]
