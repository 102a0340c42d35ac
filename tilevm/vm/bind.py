"""From the arguments of a launch to numbers: shape symbols, extents, the grid, and checked data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from math import prod
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from tilevm.diagnostics import Diagnostic, Label, Span, TileError, error, nearest
from tilevm.dtypes import DType, as_array
from tilevm.ir import BufferType, Const, Expr, Kernel, Program, Sym, Value
from tilevm.ir.ops.static import static_asserts
from tilevm.passes.calls import without_calls
from tilevm.vm.memo import Memo


@dataclass(eq=False)
class Launch:
    """A kernel with all its symbols bound.

    `arrays` holds the given arguments as contiguous carrier arrays, which may be the caller's own;
    `extents` the shape of every buffer.  `memo` is room for what runs of these shapes work out.
    """

    kernel: Kernel
    symbols: Mapping[str, int]
    extents: Mapping[str, tuple[int, ...]]
    grid: tuple[int, ...]
    arrays: Mapping[str, npt.NDArray[Any]]
    memo: dict[Any, Any] = field(default_factory=dict)

    @cached_property
    def blocks(self) -> int:
        """Number of thread blocks."""
        return prod(self.grid)


def bind(kernel: Kernel, arguments: Mapping[str, Any]) -> Launch:
    """Checks the arguments of a launch and binds the shape symbols from them.

    What follows from shapes alone is kept with the kernel: the next launch of the same shapes only
    looks at the data.

    An argument is an array for a buffer, or an integer for a shape symbol.  TileError with all that
    is wrong: TV0410 missing, TV0411 unknown, TV0412 rank or extent, TV0413 `where`, TV0462
    `static_assert`, TV0401 and TV0402 data.
    """
    kernel = _written_out(kernel)
    shapes = tuple([(name, getattr(value, "shape", value)) for name, value in arguments.items()])
    known = _SEEN.get(kernel) or {}
    try:
        seen = known.get(shapes)
    except TypeError:  # something that is no array, and cannot be told apart by its value
        seen = None
    if seen is not None:
        arrays = _same_shapes(seen, arguments)
        if arrays is not None:
            return Launch(kernel, seen.symbols, seen.extents, seen.grid, arrays, seen.memo)
    launch = _Binder(kernel).run(arguments)
    if len(known) < _KEPT and all(_plain(value) for value in arguments.values()):
        kinds = {name: kernel.param(name).dtype for name in launch.arrays}
        full = {name: kind.full for name, kind in kinds.items() if kind.full is not None}
        shared = _Shapes(launch.symbols, launch.extents, launch.grid, kinds, full, launch.memo)
        _SEEN.keep(kernel, {**known, shapes: shared})
    return launch


def bind_symbols(kernel: Kernel, sizes: Mapping[str, int]) -> Launch:
    """As `bind`, from sizes alone: no buffer needs an array (for building hardware)."""
    return _Binder(_written_out(kernel), need_arrays=False).run(sizes)


_WRITTEN: Memo[Kernel] = Memo()


def _written_out(kernel: Kernel) -> Kernel:
    """The kernel without calls, which is what runs; worked out once."""
    if not isinstance(kernel, Kernel) or not kernel.functions:
        return kernel
    return _WRITTEN.get(kernel) or _WRITTEN.keep(kernel, without_calls(kernel))


_KEPT = 64  # launches of different shapes that are kept with a kernel


class _Shapes(NamedTuple):
    """What follows from the shapes of the arguments.

    `kinds`: the element types of the arrays; `full`: `DType.full` of those that have one.
    """

    symbols: Mapping[str, int]
    extents: Mapping[str, tuple[int, ...]]
    grid: tuple[int, ...]
    kinds: Mapping[str, DType]
    full: Mapping[str, np.dtype[Any]]
    memo: dict[Any, Any]


_SEEN: Memo[dict[Any, _Shapes]] = Memo()


def _plain(value: Any) -> bool:
    """Whether a value's shape, or the value itself, is all that `bind` learns from it."""
    return type(value) is int or (type(value) is np.ndarray and value.dtype.kind in "iuf")


def _same_shapes(seen: _Shapes, arguments: Mapping[str, Any]) -> dict[str, npt.NDArray[Any]] | None:
    """The arrays of a launch whose shapes are known; None where `bind` must look closer."""
    arrays: dict[str, npt.NDArray[Any]] = {}
    kinds, full = seen.kinds, seen.full
    for name, value in arguments.items():
        if type(value) is np.ndarray and value.dtype is full.get(name):
            arrays[name] = value if value.flags.c_contiguous else np.ascontiguousarray(value)
            continue
        if not _plain(value):
            return None
        if name in kinds:
            try:
                values = _values(kinds[name], value, name)
            except TileError:  # other arguments may be at fault too
                return None
            arrays[name] = values if values.flags.c_contiguous else np.ascontiguousarray(values)
    return arrays


class _Binder:
    """Collects what is wrong, and stops after each stage that found something."""

    def __init__(self, kernel: Kernel, need_arrays: bool = True) -> None:
        if isinstance(kernel, Program):
            names = ", ".join(f'program["{name}"]' for name in kernel)
            raise error("TV0101", "a kernel is launched, not a program", help=f"take {names}")
        if not isinstance(kernel, Kernel):
            hint = "take one of a program: `tilevm.load(path)[name]`"
            raise error("TV0101", f"a kernel is launched, not {kernel!r}", help=hint)
        self.kernel = kernel
        self.need_arrays = need_arrays
        self.found: list[Diagnostic] = []
        self.symbols: dict[str, int] = {}
        self.reasons: dict[str, str] = {}
        self.places: dict[str, Span | None] = {}  # what the reasons speak of

    def run(self, arguments: Mapping[str, Any]) -> Launch:
        raw = self.sorted(arguments)
        buffers = {param.name: param for param in self.kernel.params}
        for name, array in raw.items():
            self.match(buffers[name], array)
        self.stop()
        if self.need_arrays:
            self.missing_arrays(raw)
        self.missing_symbols()
        extents = {name: self.extents(param) for name, param in buffers.items()}
        self.stop()
        self.where()
        for fact in static_asserts(self.kernel.body):
            try:
                fact.check(self.symbols, self.reasons)
            except TileError as problem:
                self.found.extend(problem.diagnostics)
        for name, array in raw.items():
            if array.shape != extents[name]:
                message = f"argument `{name}` has shape {list(array.shape)}, "
                self.report("TV0412", f"{message}not {list(extents[name])}", buffers[name])
        self.stop()
        grid = self.grid()
        self.stop()
        arrays: dict[str, npt.NDArray[Any]] = {}
        for name, array in raw.items():
            try:
                values = _values(buffers[name].dtype, array, f"argument `{name}`")
                arrays[name] = np.ascontiguousarray(values)
            except TileError as problem:
                self.blame(problem, buffers[name])
        self.stop()
        return Launch(self.kernel, self.symbols, extents, grid, arrays)

    def sorted(self, arguments: Mapping[str, Any]) -> dict[str, npt.NDArray[Any]]:
        """The arrays of the buffers, once the numbers are bound to their symbols."""
        buffers = {param.name: param for param in self.kernel.params}
        raw: dict[str, npt.NDArray[Any]] = {}
        for name, value in arguments.items():
            if name in buffers and self.need_arrays:
                raw[name] = self.array(buffers[name], value)
            elif name in self.kernel.symbols:
                self.size(name, value)
            else:
                self.unknown(name)
        self.stop()
        return raw

    def missing_arrays(self, raw: Mapping[str, npt.NDArray[Any]]) -> None:
        """A buffer may be left out if nothing loads from it, or the kernel stores to it first."""
        for param in self.kernel.params:
            name = param.name
            if name in raw or param in self.kernel.outputs or param not in self.kernel.inputs:
                continue
            message = f"argument `{name}` of kernel `{self.kernel.name}` is missing"
            hint = f"pass `{name}=` an array"
            self.report("TV0410", message, param, f"it is loaded as {param.type}", hint)
        self.stop()

    def missing_symbols(self) -> None:
        for symbol in self.kernel.symbols:
            if symbol not in self.symbols:
                hint = self.asked(symbol) or f"pass `{symbol}=` a number"
                message = f"shape symbol `{symbol}` follows from no argument"
                place = self.symbol(symbol)
                labels = (Label(place),) if place else ()
                self.found.append(Diagnostic("TV0410", message, labels, help=hint))
        self.stop()

    def asked(self, symbol: str) -> str | None:
        """What to pass for a symbol of which `where` says what it is, in known ones."""
        for condition in self.kernel.where:
            sides = (condition.a, condition.b), (condition.b, condition.a)
            for one, other in sides if condition.op == "==" else ():
                if one == Sym(symbol) and other.names <= self.symbols.keys():
                    value = int(other.evaluate(self.symbols))
                    if value > 0:
                        return f"pass `{symbol}={value}`, as `where {condition}` asks"
        return None

    def array(self, param: Value, value: Any) -> npt.NDArray[Any]:
        what = f"argument `{param.name}`"
        try:
            array = as_array(value)
        except ValueError as reason:
            message = f"{what} is not an array: {reason}"
            self.report("TV0402", message, param, f"this is {param.type}")
            return np.zeros(0)
        if array.dtype.kind not in "biuf":
            try:
                param.dtype.coerce(array, what)
            except TileError as problem:
                self.blame(problem, param)
        return array

    def size(self, name: str, value: Any) -> None:
        place = self.symbol(name)
        labels = (Label(place),) if place else ()
        if isinstance(value, bool) or not isinstance(value, int | np.integer):
            message = f"shape symbol `{name}` is a whole number, not {value!r}"
            self.found.append(Diagnostic("TV0412", message, labels))
        elif not 0 <= value < 1 << 63:
            message = f"shape symbol `{name}` is {value}; it must be positive, and fit 64 bits"
            self.found.append(Diagnostic("TV0412", message, labels))
        else:
            self.set(name, int(value), f"given as {value}", place)

    def symbol(self, name: str) -> Span | None:
        """Where a shape symbol is written first."""
        shapes = (extent for p in self.kernel.params for extent in _shape(p))
        uses = (symbol for extent in shapes for symbol in extent.symbols())
        return next((symbol.span for symbol in uses if symbol.name == name), None)

    def unknown(self, name: str) -> None:
        known = [p.name for p in self.kernel.params] if self.need_arrays else []
        known += self.kernel.symbols
        near = nearest(str(name), known)
        hint = f"did you mean `{near}`?" if near else f"it takes {', '.join(known) or 'none'}"
        message = f"kernel `{self.kernel.name}` has no argument `{name}`"
        if not self.need_arrays:
            message = f"kernel `{self.kernel.name}` has no shape symbol `{name}`"
        span = self.kernel.loc.span
        labels = (Label(span),) if span else ()
        self.found.append(Diagnostic("TV0411", message, labels, help=hint))

    def set(self, symbol: str, value: int, reason: str, place: Span | None) -> None:
        known = self.symbols.setdefault(symbol, value)
        if known != value:
            message = f"shape symbol `{symbol}` is both {known} and {value}"
            notes = (
                f"`{symbol}` = {known}: {self.reasons[symbol]}",
                f"`{symbol}` = {value}: {reason}",
            )
            said = {place: f"{value} here"}
            said.setdefault(self.places[symbol], f"{known} here")
            labels = tuple(Label(span, text) for span, text in said.items() if span)
            self.found.append(Diagnostic("TV0412", message, labels, notes))
        self.reasons.setdefault(symbol, reason)
        self.places.setdefault(symbol, place)

    def match(self, param: Value, array: npt.NDArray[Any]) -> None:
        assert isinstance(param.type, BufferType)
        if array.ndim != len(param.type.shape):
            counts = f"{array.ndim} dimensions, not {len(param.type.shape)}"
            message = f"argument `{param.name}` has {counts}: its shape is {list(array.shape)}"
            self.report("TV0412", message, param, f"this is {param.type}")
            return
        for dim, (expr, extent) in enumerate(zip(param.type.shape, array.shape, strict=True)):
            if isinstance(expr, Sym):
                reason = f"dimension {dim} of argument `{param.name}`"
                self.set(expr.name, extent, reason, expr.span)

    def extents(self, param: Value) -> tuple[int, ...]:
        assert isinstance(param.type, BufferType)
        found = tuple(int(e.evaluate(self.symbols)) for e in param.type.shape)
        for dim, (expr, extent) in enumerate(zip(param.type.shape, found, strict=True)):
            if extent < 1:
                shown = f" (`{expr}`)" if not isinstance(expr, Const) else ""
                message = f"buffer `{param.name}` has extent {extent} in dimension {dim}{shown}"
                self.report("TV0412", message, param, "", "every extent is at least 1")
        scaled = param.type.scaled
        if scaled is not None:
            group, extent = int(scaled.group.evaluate(self.symbols)), found[scaled.dim]
            if group < 1 or extent % group:
                message = f"buffer `{param.name}` has extent {extent} in dimension {scaled.dim}"
                hint = "pad the array, or choose another group"
                self.report(
                    "TV0412", f"{message}, no multiple of its group of {group}", param, "", hint
                )
        return found

    def where(self) -> None:
        for condition in self.kernel.where:
            if not bool(condition.evaluate(self.symbols)):
                labels = (Label(condition.span, "this does not hold"),) if condition.span else ()
                names = dict.fromkeys(s.name for s in condition.symbols())
                notes = tuple(f"`{n}` is {self.symbols[n]}: {self.reasons[n]}" for n in names)
                message = f"kernel `{self.kernel.name}` requires `{condition}`"
                self.found.append(Diagnostic("TV0413", message, labels, notes))

    def grid(self) -> tuple[int, ...]:
        found = []
        for name, expr in self.kernel.grid:
            extent = int(expr.evaluate(self.symbols))
            if extent < 1:
                notes = tuple(
                    f"`{s}` is {self.symbols[s.name]}" for s in dict.fromkeys(expr.symbols())
                )
                message = f"grid dimension `{name}` = `{expr}` is {extent}"
                labels = (Label(expr.span),) if expr.span else ()
                self.found.append(
                    Diagnostic("TV0412", message, labels, notes, "a grid has at least one block")
                )
            found.append(extent)
        if prod(found) >= 1 << 63:
            message = f"the grid has {prod(found):.3g} thread blocks, more than 64 bits count"
            places = tuple(Label(expr.span) for _, expr in self.kernel.grid if expr.span)
            self.found.append(Diagnostic("TV0412", message, places))
        return tuple(found)

    def report(
        self, code: str, message: str, param: Value, label: str = "", help: str | None = None
    ) -> None:
        labels = (Label(param.span, label),) if param.span else ()
        self.found.append(Diagnostic(code, message, labels, help=help))

    def blame(self, problem: TileError, param: Value) -> None:
        """Notes an error of an argument's values, at the parameter that they are for."""
        labels = (Label(param.span, f"this is {param.type}"),) if param.span else ()
        self.found.extend(replace(each, labels=labels) for each in problem.diagnostics)

    def stop(self) -> None:
        if self.found:
            raise TileError(*self.found)


def _values(kind: DType, array: npt.NDArray[Any], what: str) -> npt.NDArray[Any]:
    """The array as values of the type; `DType.coerce` says what is wrong where it cannot be."""
    if kind.holds(array):
        return array.astype(kind.carrier, copy=False)
    return kind.coerce(array, what)


def _shape(param: Value) -> tuple[Expr, ...]:
    assert isinstance(param.type, BufferType)
    return param.type.shape
