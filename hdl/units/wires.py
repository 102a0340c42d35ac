"""Wirings as logic: bits of a payload, chosen by the counters."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from amaranth import Const, Module, Signal, Value
from amaranth.lib import data

from hdl.netlist import ONE, Wiring
from hdl.units.lanes import ROM_VARIANTS
from hdl.units.stage import Stage, beat_signal, joined, payload_lanes
from hdl.units.words import Words


def operand_lanes(
    m: Module,
    name: str,
    wiring: Wiring,
    payload: data.View[data.ArrayLayout] | None,
    stage: Stage,
) -> list[Any]:
    """The lanes of an operand, wired from a payload, or from constants (None)."""
    bits = Const(0, 0) if payload is None else payload.as_value()
    table, shape = wiring.table, wiring.shape
    strides = [0] * len(stage.nest.trips)
    for level, stride in wiring.select:
        strides[level] += stride
    used = wiring.used(stage.nest.trips)
    table = table[:used]
    if len(table) == 1:
        lanes = [_pick(bits, row) for row in table[0]]
        if all(len(_runs(row)) == 1 for row in table[0]):
            return [lane.as_signed() if shape.signed else lane for lane in lanes]
        operand = beat_signal(shape, name)
        m.d.comb += operand.as_value().eq(joined(lanes))
        return payload_lanes(operand)

    index = stage.nest.index(f"{name}_variant", strides)
    operand = beat_signal(shape, name)
    step = _regular_step(table)
    if step is None and (step := _regular_step(table[::-1])) is not None:  # top plane first
        table, index = table[::-1], (len(table) - 1 - index)[: len(index)]
    if step is not None:
        moved = Signal(len(bits), name=f"{name}_moved", attrs={"keep": 1})
        m.d.comb += moved.eq(bits >> (index * step))
        m.d.comb += operand.as_value().eq(joined([_pick(moved, row) for row in table[0]]))
    elif payload is None and len(table) > ROM_VARIANTS:
        m.d.comb += operand.as_value().eq(_constants(m, name, wiring, used, index))
    else:
        with m.Switch(index):
            for number, variant in enumerate(table):
                with m.Case(number) if number + 1 < len(table) else m.Default():
                    m.d.comb += operand.as_value().eq(joined([_pick(bits, row) for row in variant]))
    return payload_lanes(operand)


def _runs(row: npt.NDArray[np.int32]) -> list[tuple[int, int]]:
    """(first table entry, length) of the runs of consecutive bits, or of equal constants."""
    runs: list[tuple[int, int]] = []
    for bit in row.tolist():
        if runs:
            start, length = runs[-1]
            if bit == (start + length if start >= 0 else start):
                runs[-1] = (start, length + 1)
                continue
        runs.append((bit, 1))
    return runs


def _pick(bits: Value, row: npt.NDArray[np.int32]) -> Value:
    """One lane of an operand."""
    parts: list[Value] = []
    for start, length in _runs(row):
        if start >= 0:
            parts.append(bits[start : start + length])
        else:
            parts.append(Const((1 << length) - 1 if start == ONE else 0, length))
    return parts[0] if len(parts) == 1 else joined(parts)


def _regular_step(table: npt.NDArray[np.int32]) -> int | None:
    """The distance between variants, if each is the one before it moved up by as many bits."""
    step = int((table[1] - table[0]).max())
    moves = np.where(table[0] >= 0, step, 0)
    rows = table[0] + np.arange(len(table))[:, None, None] * moves
    return step if step > 0 and (rows == table).all() else None


def _constants(m: Module, name: str, wiring: Wiring, used: int, index: Value) -> Value:
    """A read-only memory of the operand's variants."""
    whole = wiring.table[:used].reshape(used, -1)
    rows = [
        int.from_bytes(np.packbits(row == ONE, bitorder="little").tobytes(), "little")
        for row in whole
    ]
    return Words(m, f"{name}_table", used, wiring.shape.width, rows).read(index)
