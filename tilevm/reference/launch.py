"""From the arguments of a launch to numbers: symbols, extents, the grid, and data by element."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tilevm.diagnostics import Label, TileError, error
from tilevm.dtypes import CodebookType, DType, IntType
from tilevm.ir import BufferType, Condition, Const, Expr, Kernel, Sym, Value, ops
from tilevm.ir.index import Binary
from tilevm.reference.formats import fit, integer_range
from tilevm.reference.numbers import NAN, Number, Refused, compare, number
from tilevm.reference.ops import Index, Tile, indices

_LOW, _HIGH = -(1 << 63), (1 << 63) - 1  # indices are signed numbers of 64 bits


def evaluate(expr: Expr, known: Mapping[str, int]) -> int:
    """An index expression; TV0404 on a division by zero, TV0415 where a step leaves 64 bits."""
    labels = [Label(expr.span)] if expr.span else []
    match expr:
        case Sym(name):
            return known[name]
        case Binary(op, left, right):
            a, b = evaluate(left, known), evaluate(right, known)
            if op in "/%" and b == 0:
                raise error("TV0404", f"division by zero in `{expr}`", *labels)
            match op:
                case "+":
                    value = a + b
                case "-":
                    value = a - b
                case "*":
                    value = a * b
                case "/":
                    value = a // b
                case _:
                    value = a % b
        case _:
            assert isinstance(expr, Const)
            value = expr.value
    if not _LOW <= value <= _HIGH:
        raise error("TV0415", f"`{expr}` leaves the range of 64 bits", *labels)
    return value


def holds(condition: Condition, known: Mapping[str, int]) -> bool:
    """Whether a comparison holds, and all that `and` joins to it; each of them is evaluated."""
    words = {"==": "eq", "!=": "ne", "<": "lt", "<=": "le", ">": "gt", ">=": "ge"}
    a, b = evaluate(condition.a, known), evaluate(condition.b, known)
    rest = holds(condition.also, known) if condition.also else True
    return compare(a, b, words[condition.op]) and rest


@dataclass(frozen=True)
class Launch:
    """Numbers for all symbols, buffer shapes and grid dimensions, and the data that was given."""

    symbols: dict[str, int]
    extents: dict[str, Index]
    grid: Index
    data: dict[str, Tile]


def bind(kernel: Kernel, arguments: Mapping[str, Any]) -> Launch:
    """Checks the arguments: nested sequences of numbers for buffers, integers for symbols.

    TileError, for the first that is wrong: TV0410 missing, TV0411 unknown, TV0412 shapes, TV0413
    `where`, TV0462 `static_assert`, TV0401 and TV0402 data.
    """
    buffers = {param.name: _type(param) for param in kernel.params}
    for name in arguments:
        if name not in buffers and name not in kernel.symbols:
            raise error("TV0411", f"kernel `{kernel.name}` has no argument `{name}`")
    nested = {name: _nested(arguments[name]) for name in arguments if name in buffers}
    shapes = {name: _shape(name, data) for name, data in nested.items()}
    symbols = _symbols(kernel, arguments, shapes)
    for param in kernel.params:
        if param.name not in nested and param in kernel.inputs and param not in kernel.outputs:
            raise error("TV0410", f"argument `{param.name}` is missing")
    for name in kernel.symbols:
        if name not in symbols:
            raise error("TV0410", f"shape symbol `{name}` follows from no argument")
    extents = {
        name: tuple(evaluate(e, symbols) for e in kind.shape) for name, kind in buffers.items()
    }
    for name, shape in extents.items():
        if any(extent < 1 for extent in shape):
            raise error("TV0412", f"buffer `{name}` has shape {list(shape)}")
    for name, kind in buffers.items():
        if kind.scaled is not None:
            group = evaluate(kind.scaled.group, symbols)
            if group < 1 or extents[name][kind.scaled.dim] % group:
                raise error("TV0412", f"groups of {group} do not cut `{name}`")
    for condition in kernel.where:
        if not holds(condition, symbols):
            raise error("TV0413", f"kernel `{kernel.name}` requires `{condition}`")
    for block in (kernel.body, *(function.body for function in kernel.functions)):
        for op in block.walk():
            if isinstance(op, ops.StaticAssert) and not holds(op.condition, symbols):
                raise op.reject("TV0462", f"`{op.condition}` does not hold: {op.message}")
    for name, shape in shapes.items():
        if shape != extents[name]:
            raise error("TV0412", f"`{name}` has shape {list(shape)}, not {list(extents[name])}")
    grid = tuple(evaluate(extent, symbols) for _, extent in kernel.grid)
    if any(extent < 1 for extent in grid):
        raise error("TV0412", f"the grid is {list(grid)}")
    data = {name: _data(name, buffers[name].dtype, nested[name], extents[name]) for name in nested}
    return Launch(symbols, extents, grid, data)


def _type(param: Value) -> BufferType:
    assert isinstance(param.type, BufferType)
    return param.type


def _symbols(
    kernel: Kernel, arguments: Mapping[str, Any], shapes: Mapping[str, Index]
) -> dict[str, int]:
    """The symbols that are given, or that stand alone in the shape of what is given."""
    found: dict[str, int] = {}

    def learn(name: str, value: int) -> None:
        if found.setdefault(name, value) != value:
            raise error("TV0412", f"shape symbol `{name}` is both {found[name]} and {value}")

    for name, value in arguments.items():
        if name not in shapes:
            if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= _HIGH:
                raise error("TV0412", f"shape symbol `{name}` is a whole number, not {value!r}")
            learn(name, value)
    for param in kernel.params:
        shape, extents = shapes.get(param.name), _type(param).shape
        if shape is None:
            continue
        if len(shape) != len(extents):
            message = f"argument `{param.name}` has {len(shape)} dimensions, not {len(extents)}"
            raise error("TV0412", message)
        for expr, extent in zip(extents, shape, strict=True):
            if isinstance(expr, Sym):
                learn(expr.name, extent)
    return found


def _nested(array: Any) -> Any:
    """An array of any library as nested lists of Python numbers."""
    return array.tolist() if hasattr(array, "tolist") else array


def _shape(name: str, data: Any) -> Index:
    if not isinstance(data, Sequence) or isinstance(data, str):
        return ()
    inner = {_shape(name, part) for part in data}
    if len(inner) > 1:
        raise error("TV0402", f"argument `{name}` is not a rectangular array")
    return (len(data), *(inner.pop() if inner else ()))


def _data(name: str, kind: DType, nested: Any, shape: Index) -> Tile:
    found: Tile = {}
    for i in indices(shape):
        item = nested
        for n in i:
            item = item[n]
        try:
            found[i] = taken(kind, item)
        except TileError as problem:
            first = problem.diagnostics[0]
            raise error(first.code, f"argument `{name}` at {list(i)}: {first.message}") from None
    return found


def taken(kind: DType, item: Any) -> Number:
    """A Python number as a value of the type: TV0401 unless it is one, TV0402 if it cannot be."""
    if not isinstance(item, int | float) or (isinstance(kind, IntType) and isinstance(item, float)):
        raise error("TV0402", f"{item!r} is no number of the kind that {kind} holds")
    given = number(item)
    if isinstance(kind, CodebookType):
        if isinstance(item, float):
            raise error("TV0402", f"{item}, but an array of {kind} holds codes")
        if not 0 <= item < len(kind.entries):
            raise error("TV0401", f"{item} is no code of {kind}")
        return item
    if isinstance(kind, IntType):
        low, high = integer_range(kind)
        if not isinstance(given, int) or not low <= given <= high:
            raise error("TV0401", f"{item}, but {kind} holds {low} .. {high}")
        return given
    try:
        value = fit(kind, given)
    except Refused:
        raise error("TV0401", f"{item}, which {kind} does not have") from None
    if not (compare(value, given, "eq") or (value is NAN and given is NAN)):
        raise error("TV0401", f"{item}, which {kind} cannot hold exactly")
    return value
