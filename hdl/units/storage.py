"""The logic of a memory: one word read and written at a firing, for the place that has its turn."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from amaranth import Const, Module, Mux, Signal, Value

from hdl.units.memory import Access, Drain, Fill, Memory
from hdl.units.nest import all_of, any_of
from hdl.units.stage import Stage, joined, pack, resize
from hdl.units.words import Words

if TYPE_CHECKING:
    from hdl.netlist import BeatShape


def memory_state(m: Module, stage: Stage, unit: Memory) -> list[list[Any]]:
    """The lanes of every output: elements as they were before the firing, or a word of them."""
    turns, shape = stage.turns, unit.shape
    assert turns is not None
    count = unit.size // unit.lanes
    words = Words(m, "elements", count, shape.bits * unit.lanes)
    place = Signal(range(unit.size + 1), name="element")  # of the access that has its turn
    row = Signal(range(max(2, count)), name="row")
    shift = (unit.lanes - 1).bit_length()
    m.d.comb += row.eq(place[shift:])
    word = Signal(shape.bits * unit.lanes, name="word")
    m.d.comb += word.eq(words.read(row))
    held = Signal(shape.bits, name="held")
    lane: Value = place[:shift]
    m.d.comb += held.eq(word.word_select(lane, shape.bits) if shift else word)

    new = Signal(shape.bits * unit.lanes, name="new_word")
    m.d.comb += new.eq(word)
    writes, outputs, port = [], [], 0
    for number, access in enumerate(unit.places):
        now = turns.at(number)
        if isinstance(access, Fill):
            with m.If(now):
                m.d.comb += [row.eq(turns.beat), new.eq(stage.payloads[port].as_value())]
            writes.append(now)
            port += 1
            continue
        if isinstance(access, Drain):
            with m.If(now):
                m.d.comb += row.eq(turns.beat)
            outputs.append([word[n * shape.bits :][: shape.bits] for n in range(unit.lanes)])
            continue
        address = stage.payloads[port].as_value()
        operands = [stage.lanes(port + 1 + n) for n in range(access.values)]
        port += 1 + access.values
        inside = address != unit.size
        with m.If(now):
            m.d.comb += place.eq(address)
        if access.gives:
            outside = Const(access.otherwise & (1 << shape.bits) - 1, shape.bits)
            outputs.append([_typed(Mux(inside, held, outside), shape)])
        if access.writes:
            value = _new(m, access, _typed(held, shape), operands, shape)
            spread = [
                Mux(lane == n, value, word[n * shape.bits :][: shape.bits]) if shift else value
                for n in range(unit.lanes)
            ]
            with m.If(now):
                m.d.comb += new.eq(joined(spread))
            writes.append(all_of([now, inside]))
    words.write(row, new, all_of([stage.fire, any_of(writes)]))
    return outputs


def _typed(value: Value, shape: BeatShape) -> Value:
    return value.as_signed() if shape.signed else value


def _new(
    m: Module, access: Access, held: Value, operands: list[list[Any]], shape: BeatShape
) -> Value:
    """The element that an access leaves behind."""
    if access.update is None:
        return resize(Value.cast(operands[0][0]), shape.bits)
    return pack(access.update.emit(m, [[held], *operands]), shape)
