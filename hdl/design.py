"""A design: the hardware of one kernel, with its timing, its ports, its report, its simulation."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from hashlib import sha256
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from hdl.bus.edges import Edges
from hdl.lower import Lowered, Port
from hdl.lower.functions import from_beats, to_beats
from hdl.netlist import Channel, Netlist
from hdl.options import check_stall, is_whole
from hdl.runtime import RuntimeSize
from hdl.stored import Stored, channel_bits, stored
from hdl.timing import Stall, Timing, simulate_timing
from tilevm.diagnostics import error
from tilevm.ir import Kernel
from tilevm.vm import Launch, bind

if TYPE_CHECKING:
    from hdl.bus.registers import RegisterMap
    from hdl.bus.slots import Slots
    from hdl.bus.wrapper import BusTop
    from hdl.simulation import Result


class Design:
    """Hardware for one kernel and shape: a netlist with sized buffers, and its uses."""

    def __init__(
        self,
        source: Kernel,
        lowered: Lowered,
        launch: Launch,
        options: Mapping[str, Any],
        edges: Edges,
        token: str | None = None,
    ) -> None:
        self.source = source
        self.lowered = lowered
        self.launch = launch
        self.options = dict(options)
        self.edges = edges
        self.token = token  # the port that takes one beat a launch, if there is one
        self.runtime: RuntimeSize | None = None  # a size that is chosen at each launch

    @property
    def name(self) -> str:
        return self.source.name

    @property
    def kernel(self) -> Kernel:
        """The program that was built: rewritten, for these shapes."""
        return self.lowered.kernel

    @property
    def netlist(self) -> Netlist:
        return self.lowered.netlist

    @property
    def inputs(self) -> list[Port]:
        return self.lowered.inputs

    @property
    def outputs(self) -> list[Port]:
        return self.lowered.outputs

    @cached_property
    def timing(self) -> Timing:
        """When every actor fires, with ports that are always ready."""
        return simulate_timing(self.netlist)

    def timed(self, stall: float, seed: int) -> tuple[Timing, dict[str, Stall]]:
        """The timed model, and in which cycles each port is open, under random back-pressure."""
        check_stall(stall, seed)
        if not stall:
            return self.timing, {}
        from hdl.sim import random_stalls

        ports = [p.name for p in (*self.inputs, *self.outputs)]
        # a closed port costs about 1 / (1 - stall) cycles a beat
        length = int(self.cycles / (1 - stall) * 2) + 1000
        stalls = random_stalls(ports, stall, seed, length)
        return simulate_timing(self.netlist, stalls=stalls), stalls

    @property
    def cycles(self) -> int:
        """Cycles from the reset to the last output beat, with ports always ready."""
        return self.timing.cycles

    # --- sizes

    def bits(self, channel: Channel) -> int:
        """Bits that a channel stores."""
        return channel_bits(channel)

    @cached_property
    def stored(self) -> list[Stored]:
        """Every part that stores bits, and how many."""
        return stored(self)

    def stored_bits(self, *kinds: str) -> int:
        """Bits of all parts of these kinds (`hdl.stored.KINDS`), or of all."""
        return sum(part.bits for part in self.stored if not kinds or part.kind in kinds)

    @property
    def table_bits(self) -> int:
        """Bits of look-up tables held at once."""
        return self.stored_bits("table")

    @property
    def memory_bits(self) -> int:
        """Bits of the memories that hold input buffers, or are stored to at run-time addresses."""
        return self.stored_bits("memory")

    @property
    def buffer_bits(self) -> int:
        """Bits of all other channels."""
        return self.stored_bits("buffer")

    @property
    def rom_bits(self) -> int:
        """Bits of constant tables: of functions, and of operands that the counters choose."""
        return self.stored_bits("rom")

    @property
    def state_bits(self) -> int:
        """Bits of running sums and of beats that are joined."""
        return self.stored_bits("state")

    @property
    def facts(self) -> dict[str, Any]:
        """For which sizes and options it was built, its cycles and its bits, as plain data."""
        return {
            "sizes": dict(self.launch.symbols),
            "options": self.options,
            "cycles": self.cycles,
            "table_bits": self.table_bits,
            "memory_bits": self.memory_bits,
            "buffer_bits": self.buffer_bits,
            "rom_bits": self.rom_bits,
            "state_bits": self.state_bits,
        }

    # --- text

    def verilog(self) -> str:
        """The design as Verilog-2005; its header describes the ports and the order of beats."""
        return self._verilog

    @cached_property
    def _verilog(self) -> str:
        if self.edges.plain:
            return self.core_verilog
        from hdl.emit import verilog

        return verilog(self.netlist, self.name, self.header(), self.bus_top())

    @cached_property
    def core_verilog(self) -> str:
        """The design without buses and registers: what the simulators run."""
        from hdl.emit import verilog

        return verilog(self.netlist, self.name, self.header())

    def verilog_files(self) -> dict[str, str]:
        """By name `verilog` with ``$readmemh``, and the files of memories beside it."""
        from hdl.emit.memories import with_files

        text, files = with_files(self.verilog())
        return {f"{self.name}.v": text, **files}

    def rtlil(self) -> str:
        """The design as RTLIL, the intermediate language of Yosys."""
        from hdl.emit import rtlil

        return rtlil(self.netlist, self.name)

    def testbench(self, *launches: Mapping[str, Any], **named: Any) -> dict[str, str]:
        """By name the files of a self-checking testbench in plain Verilog.

        It drives the buses of the design, for a launch with each of the arguments `launches`, or
        for one; with those given by `named`.  With a runtime size launches may be of any of them.
        """
        from hdl.emit.testbench import testbench

        return testbench(self, [{**each, **named} for each in launches or ({},)])

    def description(self) -> dict[str, Any]:
        """The whole, the modules and the statements that they come from, as plain data."""
        from hdl.emit.describe import description

        return description(self)

    def bus_top(self) -> BusTop:
        """The design with its buses and registers, as an Amaranth component."""
        from hdl.bus.control import Facts
        from hdl.bus.wrapper import BusTop

        text = f"{self.kernel}\n{sorted(self.options.items())}"
        number = int.from_bytes(sha256(text.encode()).digest()[:4], "big")
        facts = Facts(number, self.cycles)
        return BusTop(self.netlist, self.edges, self.token, facts, self.runtime)

    @property
    def registers(self) -> RegisterMap | None:
        """The control registers; None in a design without."""
        if self.edges.control is None:
            return None
        from hdl.bus.wrapper import register_map

        return register_map(self.netlist, self.edges, self.runtime)

    @property
    def slots(self) -> dict[str, Slots]:
        """How the beats of each port with a memory bus lie in memory."""
        from hdl.bus.images import slots_by_port

        return slots_by_port(self)

    def header(self) -> str:
        """What the design computes, its ports, its cycles, and the program, as plain text."""
        from hdl.report import header

        return header(self)

    def report(self, *, stall: float = 0.0, seed: int = 0) -> str:
        """Sizes, cycles, what every unit does in each, what bounds it, streams, as Markdown.

        With `stall` the ports are as often closed as `simulate` closes them.
        """
        from hdl.report import report

        return report(self, self.timed(stall, seed)[0])

    def report_data(self, *, stall: float = 0.0, seed: int = 0) -> dict[str, Any]:
        """The report as plain data (docs/hardware.md), which JSON can hold as it is."""
        from hdl.report_data import report_data

        return report_data(self, self.timed(stall, seed)[0], stall, seed)

    def explain_layout(self) -> str:
        """For each value its layout as beats of lanes, why it has it, and what that costs.

        As data: `hdl.view.explain_layouts`.
        """
        from hdl.view import explained

        return explained(self)

    def pictures(self, *, stall: float = 0.0, seed: int = 0) -> dict[str, str]:
        """By file name SVG: a timeline of a launch, its roofline, and the netlist."""
        from hdl.view import pictures

        return pictures(self, self.timed(stall, seed)[0])

    @cached_property
    def operations(self) -> tuple[int, str]:
        """How much the program does in a launch, and what is counted."""
        from hdl.view.roofline import operations

        return operations(self)

    def layouts(self) -> dict[str, str]:
        """For each tile in a stream its schedule as SVG: places are lanes, steps are beats."""
        from hdl.report import pictures

        return pictures(self)

    # --- data

    def image(self, buffer: str, values: Any) -> dict[str, list[int]]:
        """By port in that reads a buffer its packed image for these values: a word for each beat.

        Lane l of a word is its bits from ``l * bits_per_lane`` up; `ports.json` says which element
        it holds.  A word is what the port takes, and what a memory in its place has to hold.
        """
        from hdl.images import image

        return image(self, buffer, values)

    def feed(self, values: Mapping[str, npt.NDArray[Any]]) -> dict[str, npt.NDArray[Any]]:
        """The beats [beats, lanes] of every input port, for carrier values of the buffers.

        A memory that is only stored to begins with zeros where no values are given.
        """
        found = {}
        for port in self.inputs:
            kind = self.kernel.param(port.buffer).dtype
            if port.buffer in values:
                codes = to_beats(values[port.buffer], kind).reshape(-1)
            else:
                codes = np.zeros(prod(self.launch.extents[port.buffer]), np.int64)
            found[port.name] = port.beats(codes)
        if self.token is not None:
            found[self.token] = np.zeros((1, 1), np.int64)
        return found

    def images(
        self, arguments: Mapping[str, Any] | None = None, /, **named: Any
    ) -> dict[str, bytes]:
        """What memory holds at the address of each port in that has a memory bus."""
        from hdl.bus.images import images_in

        arrays = self.arrays({**(arguments or {}), **named})
        return images_in(self, bind(self.kernel, arrays).arrays)

    def values(
        self,
        images: Mapping[str, bytes],
        initial: Mapping[str, npt.NDArray[Any]] | None = None,
    ) -> dict[str, npt.NDArray[Any]]:
        """Output buffers from what memory holds for each port out, as `collect`."""
        from hdl.bus.images import values_out

        return values_out(self, images, initial or {})

    def collect(
        self, beats: Mapping[str, npt.NDArray[Any]], initial: Mapping[str, npt.NDArray[Any]]
    ) -> dict[str, npt.NDArray[Any]]:
        """Output buffers from the beats of the output ports; `initial` where none is written."""
        # a buffer without a port is one whose stores never run
        found = {
            param.name: np.array(initial[param.name]).reshape(-1)
            for param in self.source.outputs
            if param.name in initial
        }
        for port in self.outputs:
            param = self.kernel.param(port.buffer)
            size = prod(self.launch.extents[port.buffer])
            found.setdefault(port.buffer, np.zeros(size, param.dtype.carrier))
            values = from_beats(np.asarray(beats[port.name]), param.dtype)
            elements = port.elements[: len(values)]  # fewer in a launch of a smaller size
            used = elements >= 0
            found[port.buffer][elements[used]] = values[used]
        return {name: flat.reshape(self.launch.extents[name]) for name, flat in found.items()}

    def arrays(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """The arguments without sizes, which must be those of the design: TV0412 otherwise."""
        arrays = dict(arguments)
        for symbol, size in self.launch.symbols.items():
            given = arrays.pop(symbol, size)
            if not is_whole(given) or given != size:
                message = f"the design was built for `{symbol}` = {size}, not {given!r}"
                raise error("TV0412", message, help="build it again for the other size")
        return arrays

    def simulate(
        self,
        arguments: Mapping[str, Any] | None = None,
        /,
        *,
        simulator: str = "amaranth",
        stall: float = 0.0,
        seed: int = 0,
        waves: str | Path | None = None,
        check: bool = True,
        record: bool = False,
        **named: Any,
    ) -> Result:
        """Runs the hardware on arrays (as `tilevm.run` takes them), and compares it with the VM.

        `simulator`: "amaranth", "verilator", "icarus", or "fastest": the fastest that is installed.
        `stall`: how often, from 0 to below 1, each port is closed in a cycle; `seed` replays the
        pattern.  `waves`: a waveform file to write, .vcd or (not "amaranth") .fst, its signals in
        groups by statement.  With `check`, every beat of every stream that carries a named value
        must equal the VM's: TileError TV0606 names the first that does not.  Firing times are
        compared with the timed model: TV0607.  With `record` the beats of these streams are in the
        result, right or wrong: nothing is compared.
        """
        from hdl.simulation import simulate

        arrays = {**(arguments or {}), **named}
        return simulate(
            self,
            arrays,
            simulator=simulator,
            stall=stall,
            seed=seed,
            waves=waves,
            check=check,
            record=record,
        )
