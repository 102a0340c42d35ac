"""What the actors of lowered ops compute: functions of lanes, in Amaranth and in NumPy."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from hdl.netlist import BeatShape
from hdl.units import Beats, fit
from tilevm.dtypes import DType
from tilevm.ir import Op

Lane = Any  # an Amaranth value


def beat_shape(kind: DType, lanes: int) -> BeatShape:
    """A beat of elements of a type; floats travel as their codes."""
    return BeatShape(lanes, kind.bits, kind.is_int and kind.signed)


def to_beats(values: Any, kind: DType) -> Beats:
    """Values of a type as elements of beats: integers as they are, floats as codes."""
    plain = np.asarray(values) if kind.is_int else kind.encode(values)
    return fit(plain, beat_shape(kind, 1))


def from_beats(beats: Beats, kind: DType) -> Any:
    """The inverse of `to_beats`, as carrier values."""
    if kind.is_int:
        return beats.astype(kind.carrier)
    return kind.decode(beats.astype(np.uint64))


@dataclass(frozen=True, eq=False)
class Lanewise:
    """An elementwise op: `logic` on one lane of each operand; the model is the op's own meaning."""

    op: Op
    shape: BeatShape
    logic: Callable[..., Lane]

    @property
    def name(self) -> str:
        return self.op.name

    def emit(self, m: Any, operands: Sequence[list[Lane]]) -> list[Lane]:
        return [self.logic(*lanes) for lanes in zip(*operands, strict=True)]

    def model(self, operands: Sequence[Beats]) -> Beats:
        kinds = [value.dtype for value in self.op.operands]
        arrays = [from_beats(beats, kind) for beats, kind in zip(operands, kinds, strict=True)]
        return to_beats(self.op.run(*arrays), self.op.out.dtype)


def clamp(value: Lane, kind: DType) -> Lane:
    """A value at the nearest end of an integer type's range, if it is outside."""
    return between(value, int(kind.min), int(kind.max))


def between(value: Lane, low: int, high: int) -> Lane:
    """A value at the nearest end of a range, if it is outside."""
    from amaranth import Mux

    return Mux(value < low, low, Mux(value > high, high, value))


def absolute(value: Lane) -> Lane:
    """A value without its sign."""
    from amaranth import Mux

    return Mux(value < 0, -value, value)


def tree(values: Sequence[Lane], combine: Callable[[Lane, Lane], Lane]) -> Lane:
    """A balanced tree of one combining operation."""
    level = list(values)
    while len(level) > 1:
        pairs = [combine(a, b) for a, b in zip(level[::2], level[1::2], strict=False)]
        level = pairs + level[len(pairs) * 2 :]
    return level[0]


@dataclass(frozen=True, eq=False)
class Combine:
    """How elements of a reduction come together: ``sum``, ``max``, ``min``, or bit by bit."""

    name: str
    kind: DType  # of the state and the result

    def logic(self, a: Lane, b: Lane) -> Lane:
        from amaranth import Mux

        match self.name:
            case "sum":
                return a + b
            case "max":
                return Mux(a > b, a, b)
            case "min":
                return Mux(a < b, a, b)
            case "and":
                return a & b
            case "or":
                return a | b
            case _:
                return a ^ b

    @property
    def initial(self) -> int:
        """The element that changes nothing."""
        return {
            "sum": 0,
            "max": int(self.kind.min),
            "min": int(self.kind.max),
            "and": -1 if self.kind.signed else int(self.kind.max),
            "or": 0,
            "xor": 0,
        }[self.name]

    def array(self, a: Any, b: Any) -> Any:
        operations: dict[str, Any] = {
            "sum": np.add,
            "max": np.maximum,
            "min": np.minimum,
            "and": np.bitwise_and,
            "or": np.bitwise_or,
            "xor": np.bitwise_xor,
        }
        return operations[self.name](a, b)


@dataclass(frozen=True, eq=False)
class FoldStep:
    """``state = combine(state, value)``, lane by lane; from `start`, if there is one."""

    combine: Combine
    lanes: int
    start: int | None = None

    @property
    def name(self) -> str:
        return self.combine.name

    @property
    def shape(self) -> BeatShape:
        return beat_shape(self.combine.kind, self.lanes)

    @property
    def initial(self) -> int:
        return self.combine.initial if self.start is None else self.start

    def emit(self, m: Any, state: list[Lane], value: list[Lane]) -> list[Lane]:
        return [self.combine.logic(s, v) for s, v in zip(state, value, strict=True)]

    def model(self, state: Beats, value: Beats) -> Beats:
        return np.asarray(self.combine.array(state, value))


@dataclass(frozen=True, eq=False)
class HornerStep:
    """``state = 2 * state + value``: bit-planes shifted and added, the most significant first."""

    kind: DType
    lanes: int
    name: str = "shift_add"
    initial: int = 0

    @property
    def shape(self) -> BeatShape:
        return beat_shape(self.kind, self.lanes)

    def emit(self, m: Any, state: list[Lane], value: list[Lane]) -> list[Lane]:
        return [(s << 1) + v for s, v in zip(state, value, strict=True)]

    def model(self, state: Beats, value: Beats) -> Beats:
        return np.asarray(state * 2 + value)


@dataclass(frozen=True, eq=False)
class Reduce:
    """`lanes` groups of `count` neighbouring lanes, each combined in a tree.

    With `products`, of the lanes of two operands multiplied.
    """

    combine: Combine
    lanes: int
    count: int
    products: bool = False

    @property
    def name(self) -> str:
        return f"{'products ' if self.products else ''}{self.combine.name} of {self.count}"

    @property
    def shape(self) -> BeatShape:
        return beat_shape(self.combine.kind, self.lanes)

    def emit(self, m: Any, operands: Sequence[list[Lane]]) -> list[Lane]:
        lanes = operands[0]
        if self.products:
            lanes = [a * b for a, b in zip(*operands, strict=True)]
        groups = [lanes[i : i + self.count] for i in range(0, len(lanes), self.count)]
        return [tree(group, self.combine.logic) for group in groups]

    def model(self, operands: Sequence[Beats]) -> Beats:
        values = operands[0]
        if self.products:
            values = np.multiply(operands[0].astype(object), operands[1].astype(object))
        if self.combine.name == "sum":
            values = values.astype(object)
        grouped = values.reshape(len(values), self.lanes, self.count)
        result = grouped[..., 0]
        for i in range(1, self.count):
            result = self.combine.array(result, grouped[..., i])
        return fit(result, self.shape)


@dataclass(frozen=True, eq=False)
class Weigh:
    """`lanes` groups of `count` neighbouring lanes as bit-planes, shifted and added.

    With `flagged`, a second operand of one lane says whether the last of them is the sign plane.
    """

    kind: DType
    lanes: int
    count: int
    signed: bool
    flagged: bool

    @property
    def name(self) -> str:
        return f"weigh {self.count} planes"

    @property
    def shape(self) -> BeatShape:
        return beat_shape(self.kind, self.lanes)

    def emit(self, m: Any, operands: Sequence[list[Lane]]) -> list[Lane]:
        from amaranth import Mux

        lanes = operands[0]
        results = []
        for i in range(0, len(lanes), self.count):
            *low, top = lanes[i : i + self.count]
            if self.signed:
                top = Mux(operands[1][0], -top, top) if self.flagged else -top
            terms = [plane << p for p, plane in enumerate([*low, top])]
            results.append(tree(terms, lambda a, b: a + b))
        return results

    def model(self, operands: Sequence[Beats]) -> Beats:
        planes = operands[0].astype(object).reshape(-1, self.lanes, self.count)
        weights = np.array([1 << p for p in range(self.count)], object)
        result = (planes * weights).sum(axis=-1)
        if self.signed:
            top = planes[..., -1] * weights[-1]
            negative = operands[1][:, :1].astype(object) if self.flagged else 1
            result = result - 2 * top * negative
        return fit(result, self.shape)


@dataclass(frozen=True, eq=False)
class Choose:
    """The second operand where the first, one lane of one bit, is 1; the third where it is 0."""

    shape: BeatShape
    name: str = "choose"

    def emit(self, m: Any, operands: Sequence[list[Lane]]) -> list[Lane]:
        from amaranth import Mux

        (flag,), first, second = operands
        return [Mux(flag, a, b) for a, b in zip(first, second, strict=True)]

    def model(self, operands: Sequence[Beats]) -> Beats:
        flag, first, second = operands
        return np.where(flag[:, :1] != 0, first, second)


@dataclass(frozen=True, eq=False)
class Join:
    """The bits of all operands, each of which is 0 where another holds the bit."""

    shape: BeatShape
    name: str = "join"

    def emit(self, m: Any, operands: Sequence[list[Lane]]) -> list[Lane]:
        return [tree(lanes, lambda a, b: a | b) for lanes in zip(*operands, strict=True)]

    def model(self, operands: Sequence[Beats]) -> Beats:
        return np.bitwise_or.reduce(operands)


@dataclass(frozen=True, eq=False)
class Offset:
    """The first operand, one lane, added to each lane of the second."""

    shape: BeatShape
    name: str = "offset"

    def emit(self, m: Any, operands: Sequence[list[Lane]]) -> list[Lane]:
        (base,), lanes = operands
        return [base + lane for lane in lanes]

    def model(self, operands: Sequence[Beats]) -> Beats:
        base, lanes = operands
        return base[:, :1] + lanes


@dataclass(frozen=True, eq=False)
class Subsets:
    """For each of `tables` groups of lanes, all 2**group partial sums.

    Each entry is one adder away from another: 2**group - 1 - group adders a table.
    """

    kind: DType
    group: int
    tables: int

    @property
    def name(self) -> str:
        return f"subset sums of {self.group}"

    @property
    def shape(self) -> BeatShape:
        return beat_shape(self.kind, self.tables << self.group)

    def emit(self, m: Any, operands: Sequence[list[Lane]]) -> list[Lane]:
        from amaranth import Const, Signal

        results: list[Lane] = []
        for table in range(self.tables):
            lanes = operands[0][table * self.group : (table + 1) * self.group]
            sums: list[Lane] = [Const(0, 1)]
            for number, lane in enumerate(lanes):
                for old in list(sums):
                    if len(sums) == 1 << number:
                        sums.append(lane)  # the group's own element: no adder
                        continue
                    total = Signal.like(old + lane, name=f"sum{table}_{len(sums)}")
                    m.d.comb += total.eq(old + lane)
                    sums.append(total)
            results.extend(sums)
        return results

    def model(self, operands: Sequence[Beats]) -> Beats:
        values = operands[0]
        grouped = values.reshape(len(values), self.tables, self.group)
        sums = np.zeros((*grouped.shape[:-1], 1), values.dtype)
        for i in range(self.group):
            sums = np.concatenate([sums, sums + grouped[..., i : i + 1]], axis=-1)
        return fit(sums.reshape(len(values), -1), self.shape)


@dataclass(frozen=True, eq=False)
class Select:
    """``lane i = table[slots[i]][index[i]]``: a multiplexer a lane, over tables of `entries`."""

    kind: DType
    slots: tuple[int, ...]
    entries: int

    @property
    def name(self) -> str:
        return f"lookup in {max(self.slots) + 1} x {self.entries}"

    @property
    def shape(self) -> BeatShape:
        return beat_shape(self.kind, len(self.slots))

    def emit(self, m: Any, operands: Sequence[list[Lane]]) -> list[Lane]:
        from amaranth.hdl import Array

        tables, index = operands
        parts = [tables[i : i + self.entries] for i in range(0, len(tables), self.entries)]
        return [Array(parts[slot])[i] for slot, i in zip(self.slots, index, strict=True)]

    def model(self, operands: Sequence[Beats]) -> Beats:
        tables, index = operands
        at = np.array(self.slots)[None] * self.entries + index.astype(np.int64)
        return np.take_along_axis(tables, at, axis=1)
