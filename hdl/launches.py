"""One launch of a design: its arguments, and what moves at each port, at a size it was built for.

With a runtime size a launch may be smaller than the design.  Its blocks are the first ones of a
launch of the largest size, whose other rows repeat what is given: the core sees nothing of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from hdl.options import is_whole
from hdl.timing import Timing, first_firings
from hdl.units.edge import port_actors
from tilevm.diagnostics import error
from tilevm.ir import BufferType
from tilevm.vm import Launch, bind, execute
from tilevm.vm.machine import Observer

if TYPE_CHECKING:
    from hdl.design import Design

Arrays = Mapping[str, npt.NDArray[Any]]


@dataclass(frozen=True, eq=False)
class DesignLaunch:
    """A launch of `design`: `small` as it was asked for, `full` at the largest size.

    `steps` is what the register of a runtime size is to hold; None where there is no such size.
    """

    design: Design
    small: Launch
    full: Launch
    steps: int | None

    @property
    def sizes(self) -> str:
        """The sizes of this launch, for people."""
        return ", ".join(f"{name} = {size}" for name, size in self.small.symbols.items())

    def beats(self, port: str) -> int:
        """Beats that move at a port."""
        if self.steps is not None and self.design.runtime is not None:
            return self.design.runtime.rates[port].beats(self.steps)
        return port_actors(self.design.netlist)[port].firings

    def execute(self, observe: Observer | None = None) -> dict[str, npt.NDArray[Any]]:
        """The output buffers by the virtual machine; `observe` sees the values of a full launch."""
        if self.steps is None:
            return execute(self.full, observe=observe)
        if observe is not None:
            execute(self.full, observe=observe, output=lambda line: None)
        return execute(self.small)

    def feed(self) -> dict[str, npt.NDArray[Any]]:
        """The beats [beats, lanes] of every input port."""
        found = self.design.feed(self.full.arrays)
        return {port: beats[: self.beats(port)] for port, beats in found.items()}

    def collect(self, beats: Arrays) -> dict[str, npt.NDArray[Any]]:
        """Output buffers, of the sizes of this launch, from the beats of the output ports."""
        found = self.design.collect(beats, self.full.arrays)
        return {name: self._cut(name, values) for name, values in found.items()}

    def padded(self, outputs: Arrays) -> dict[str, npt.NDArray[Any]]:
        """Buffers of this launch at the largest size."""
        return {
            name: repeated(np.asarray(values), self.full.extents[name])
            for name, values in outputs.items()
        }

    def firings(self) -> dict[str, int]:
        """By actor its firings in this launch."""
        actors, size = self.design.netlist.actors, self.design.runtime
        if self.steps is None or size is None:
            return {actor.name: actor.firings for actor in actors}
        return {actor.name: int(size.firings[actor.name][self.steps - 1]) for actor in actors}

    def timed(self, timing: Timing) -> Timing:
        """This launch as the beginning of one at the largest size, whose `timing` is given."""
        if self.steps is None:
            return timing
        return first_firings(self.design.netlist, timing, self.firings())

    def _cut(self, name: str, values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        extents = self.small.extents[name]
        return values[: extents[0]] if extents else values


def launch_of(design: Design, arguments: Mapping[str, Any]) -> DesignLaunch:
    """The launch that the arguments ask for, their sizes given or read off the arrays.

    TileError TV0412 for a size that the design was not built for, and what `tilevm.vm.bind` finds.
    """
    arrays = dict(arguments)
    built, size = design.launch.symbols, design.runtime
    for symbol, most in built.items():
        given = arrays.get(symbol, most)
        whole = is_whole(given)
        if size is not None and symbol == size.symbol:
            if symbol not in arrays:
                continue  # the arrays tell
            if whole:
                size.steps(int(given))
                continue
        if not whole or given != most:
            message = f"the design was built for `{symbol}` = {most}, not {given!r}"
            raise error("TV0412", message, help=_help(design))
        arrays.pop(symbol, None)
    if size is None:
        full = bind(design.kernel, arrays)
        return DesignLaunch(design, full, full, None)
    others = {symbol: most for symbol, most in built.items() if symbol != size.symbol}
    if size.symbol not in arrays and not _tells(design, arrays, size.symbol):
        others[size.symbol] = built[size.symbol]
    small = bind(design.source, {**arrays, **others})
    steps = size.steps(small.symbols[size.symbol])
    extents = design.launch.extents
    whole_arrays = {n: repeated(values, extents[n]) for n, values in small.arrays.items()}
    return DesignLaunch(design, small, bind(design.kernel, whole_arrays), steps)


def repeated(values: npt.NDArray[Any], extents: tuple[int, ...]) -> npt.NDArray[Any]:
    """The rows given, and the same again until there are as many as `extents` says."""
    if values.shape == extents:
        return values
    return values[np.arange(extents[0]) % len(values)]


def _help(design: Design) -> str:
    if design.runtime is None:
        return "build it again for the other size"
    return f"only `{design.runtime.symbol}` is chosen at each launch; build it again"


def _tells(design: Design, arrays: Mapping[str, Any], symbol: str) -> bool:
    """Whether a given array has the symbol as an extent."""
    for param in design.source.params:
        assert isinstance(param.type, BufferType)
        named = {each.name for extent in param.type.shape for each in extent.symbols()}
        if param.name in arrays and symbol in named:
            return True
    return False
