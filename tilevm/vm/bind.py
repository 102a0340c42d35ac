"""From the arguments of a launch to numbers: shape symbols, extents, the grid, and checked data."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tilevm.diagnostics import Diagnostic, Label, TileError, error, nearest
from tilevm.ir import BufferType, Const, Expr, Kernel, Sym, Value


@dataclass(frozen=True)
class Launch:
    """A kernel with all its symbols bound.

    `arrays` holds the given arguments as carrier arrays; `extents` the shape of every buffer.
    """

    kernel: Kernel
    symbols: Mapping[str, int]
    extents: Mapping[str, tuple[int, ...]]
    grid: tuple[int, ...]
    arrays: Mapping[str, npt.NDArray[Any]]

    @property
    def blocks(self) -> int:
        """Number of thread blocks."""
        return int(np.prod(self.grid, dtype=object)) if self.grid else 1


def bind(kernel: Kernel, arguments: Mapping[str, Any]) -> Launch:
    """Checks the arguments of a launch and binds the shape symbols from them.

    An argument is an array for a buffer, or an integer for a shape symbol.  TileError with all that is
    wrong: TV0410 missing, TV0411 unknown, TV0412 rank or extent, TV0413 `where`, TV0401 and TV0402 data.
    """
    binder = _Binder(kernel)
    return binder.run(arguments)


def bind_symbols(kernel: Kernel, sizes: Mapping[str, int]) -> Launch:
    """As `bind`, from sizes alone: no buffer needs an array (for building hardware)."""
    return _Binder(kernel, need_arrays=False).run(sizes)


class _Binder:
    def __init__(self, kernel: Kernel, need_arrays: bool = True) -> None:
        self.kernel = kernel
        self.need_arrays = need_arrays
        self.found: list[Diagnostic] = []
        self.symbols: dict[str, int] = {}
        self.reasons: dict[str, str] = {}

    def run(self, arguments: Mapping[str, Any]) -> Launch:
        kernel = self.kernel
        buffers = {p.name: p for p in kernel.params}
        raw: dict[str, npt.NDArray[Any]] = {}
        for name, value in arguments.items():
            if name in buffers and self.need_arrays:
                raw[name] = self.array(name, value)
            elif name in kernel.symbols:
                self.size(name, value)
            else:
                self.unknown(name)
        self.stop()
        for name, array in raw.items():
            self.match(buffers[name], array)
        self.stop()
        written = set(kernel.outputs)
        for param in kernel.params:
            if self.need_arrays and param.name not in raw and param not in written and param in kernel.inputs:
                self.report("TV0410", f"argument `{param.name}` of kernel `{kernel.name}` is missing", param,
                            f"it is loaded as {param.type}", f"pass `{param.name}=` an array")  # fmt: skip
        self.stop()
        for symbol in kernel.symbols:
            if symbol not in self.symbols:
                hint = f"pass `{symbol}=` a number"
                where = next(p for p in kernel.params if symbol in _names(p))
                self.report("TV0410", f"shape symbol `{symbol}` follows from no argument", where, "", hint)
        self.stop()
        extents = {p.name: self.extents(p) for p in kernel.params}
        self.stop()
        self.where()
        for name, array in raw.items():
            if array.shape != extents[name]:
                shape = list(extents[name])
                self.report("TV0412", f"argument `{name}` has shape {list(array.shape)}, not {shape}", buffers[name])
        self.stop()
        grid = self.grid()
        self.stop()
        arrays: dict[str, npt.NDArray[Any]] = {}
        for name, array in raw.items():
            try:
                arrays[name] = buffers[name].dtype.coerce(array, f"argument `{name}`")
            except TileError as problem:
                self.found.extend(problem.diagnostics)
        self.stop()
        launch = Launch(kernel, self.symbols, extents, grid, arrays)
        check_memory(launch)
        return launch

    def array(self, name: str, value: Any) -> npt.NDArray[Any]:
        try:
            array = np.asarray(value)
        except ValueError as reason:
            self.found.append(Diagnostic("TV0402", f"argument `{name}` is not an array: {reason}"))
            return np.zeros(0)
        if array.dtype.kind not in "biuf":
            try:
                param = self.kernel.param(name)
                param.dtype.coerce(array, f"argument `{name}`")
            except TileError as problem:
                self.found.extend(problem.diagnostics)
        return array

    def size(self, name: str, value: Any) -> None:
        if isinstance(value, bool) or not isinstance(value, int | np.integer):
            self.found.append(Diagnostic("TV0412", f"shape symbol `{name}` is a whole number, not {value!r}"))
        else:
            self.set(name, int(value), f"given as {value}")

    def unknown(self, name: str) -> None:
        known = [p.name for p in self.kernel.params] if self.need_arrays else []
        known += self.kernel.symbols
        near = nearest(name, known)
        hint = f"did you mean `{near}`?" if near else f"it takes {', '.join(known) or 'none'}"
        message = f"kernel `{self.kernel.name}` has no argument `{name}`"
        if not self.need_arrays:
            message = f"kernel `{self.kernel.name}` has no shape symbol `{name}`"
        self.found.append(Diagnostic("TV0411", message, help=hint))

    def set(self, symbol: str, value: int, reason: str) -> None:
        if self.symbols.setdefault(symbol, value) != value:
            message = f"shape symbol `{symbol}` is both {self.symbols[symbol]} and {value}"
            notes = (f"`{symbol}` = {self.symbols[symbol]}: {self.reasons[symbol]}", f"`{symbol}` = {value}: {reason}")
            self.found.append(Diagnostic("TV0412", message, notes=notes))
        self.reasons.setdefault(symbol, reason)

    def match(self, param: Value, array: npt.NDArray[Any]) -> None:
        assert isinstance(param.type, BufferType)
        if array.ndim != len(param.type.shape):
            message = f"argument `{param.name}` has {array.ndim} dimensions, not {len(param.type.shape)}"
            self.report("TV0412", message, param, f"this is {param.type}", f"its shape is {list(array.shape)}")
            return
        for dim, (expr, extent) in enumerate(zip(param.type.shape, array.shape, strict=True)):
            if isinstance(expr, Sym):
                self.set(expr.name, extent, f"dimension {dim} of argument `{param.name}`")

    def extents(self, param: Value) -> tuple[int, ...]:
        assert isinstance(param.type, BufferType)
        found = tuple(int(e.evaluate(self.symbols)) for e in param.type.shape)
        for dim, (expr, extent) in enumerate(zip(param.type.shape, found, strict=True)):
            if extent < 1:
                shown = f" (`{expr}`)" if not isinstance(expr, Const) else ""
                message = f"buffer `{param.name}` has extent {extent} in dimension {dim}{shown}"
                self.report("TV0412", message, param, "", "every extent is at least 1")
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
                notes = tuple(f"`{s}` is {self.symbols[s.name]}" for s in dict.fromkeys(expr.symbols()))
                message = f"grid dimension `{name}` = `{expr}` is {extent}"
                labels = (Label(expr.span),) if getattr(expr, "span", None) else ()
                self.found.append(Diagnostic("TV0412", message, labels, notes, "a grid has at least one block"))
            found.append(extent)
        return tuple(found)

    def report(self, code: str, message: str, param: Value, label: str = "", help: str | None = None) -> None:
        labels = (Label(param.span, label),) if param.span else ()
        self.found.append(Diagnostic(code, message, labels, help=help))

    def stop(self) -> None:
        if self.found:
            raise TileError(*self.found)


def _names(param: Value) -> set[str]:
    assert isinstance(param.type, BufferType)
    return {s.name for e in param.type.shape for s in e.symbols()}


def check_memory(launch: Launch) -> None:
    """TileError TV0414 where the buffers of a launch, all together, exceed this machine's memory."""
    need = 0
    for param in launch.kernel.params:
        count = int(np.prod(launch.extents[param.name], dtype=object))
        # the values, and who wrote each element
        need += count * (param.dtype.carrier.itemsize + (8 if param in launch.kernel.outputs else 0))
    have = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    if need > have:
        raise error(
            "TV0414",
            f"the buffers of kernel `{launch.kernel.name}` take {need / 2**30:.1f} GiB, "
            f"this machine has {have / 2**30:.1f} GiB",
            help="launch it on smaller buffers",
        )


def constants(launch: Launch) -> dict[str, Expr]:
    """The bound symbols as expressions, to substitute in index arithmetic."""
    return {name: Const(value) for name, value in launch.symbols.items()}
