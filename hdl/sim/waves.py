"""What a waveform shows first: signals in groups, one for each statement of the program.

A group is named after its line and op (``line7_dot``).  It has when the units that come from it
fire, have their beats (``x_fed``) and have room (``x_roomy``), and of each stream that they give
the beats: when one is pushed, and its lanes.  The group ``ports`` has the streams at the edge.  All
simulators show the same groups; all but Verilator show all signals of the design below them, too.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from hdl.netlist import Actor, Channel, Netlist
from hdl.units.edge import Sink, Source, input_shapes, port_actors
from tilevm.diagnostics import TileError, error, nearest

FORMATS = ("vcd", "fst")
_LANES = 64  # a wider beat is one signal
_OP = re.compile(r"^(?:[^={]*=(?!=)\s*)?([A-Za-z_]\w*)")


@dataclass(frozen=True, eq=False)
class Wave:
    """A signal of a waveform: of a unit, of its port, a push into a stream, or bits of a beat."""

    name: str
    of: Actor | Channel
    bits: int = 1
    low: int | None = None  # the lowest bit in the beat; None: no beat
    signed: bool = False
    signal: str = "fire"  # of a unit: fire, fed, roomy; payload, valid, ready of its port


@dataclass(frozen=True, eq=False)
class Group:
    """The signals of one statement."""

    name: str
    waves: Sequence[Wave]


@dataclass(frozen=True, eq=False)
class WavePlan:
    """A waveform that a simulator of Verilog writes: the groups as text, and the file."""

    groups: Sequence[str]
    path: Path
    kind: str

    @property
    def file(self) -> str:
        """What a testbench that names its file writes, in a folder of its own."""
        return f"waves.{self.kind}"

    def keep(self, made: Path) -> None:
        """Brings a finished file to its place; TileError TV0802 where that cannot be."""
        part = Path(f"{self.path}.part")
        try:
            shutil.copyfile(made, part)
            os.replace(part, self.path)
        except OSError as reason:
            part.unlink(missing_ok=True)
            raise _cannot(self.path, reason) from None


def check_writable(path: str | Path) -> None:
    """Raises TV0802 where no waveform can be written, before the simulation takes its time."""
    part = Path(f"{path}.part")
    try:
        part.touch()
        part.unlink()
    except OSError as reason:
        raise _cannot(path, reason) from None


def _cannot(path: str | Path, reason: OSError) -> TileError:
    return error("TV0802", f"cannot write {path}: {reason.strerror or reason}")


def wave_format(path: str | Path) -> str:
    """``vcd`` or ``fst``, by the name of a file; raises TileError TV0609 for another."""
    ending = Path(path).suffix.lower().removeprefix(".")
    if ending not in FORMATS:
        near = nearest(ending, FORMATS)
        hint = f"did you mean `.{near}`?" if near else "end its name in .vcd or .fst"
        raise error("TV0609", f"a waveform is a file .vcd or .fst, not `{path}`", help=hint)
    return ending


def no_waves(simulator: str, kind: str) -> TileError:
    """The error for a simulator that does not write a format."""
    help = "use `icarus` or `verilator`, or a file .vcd"
    return error("TV0609", f"simulator `{simulator}` writes no .{kind} files", help=help)


def groups(netlist: Netlist) -> list[Group]:
    """Ports, then lines of the program; units that come from none are in the group `other`."""
    ports = [wave for port, actor in port_actors(netlist).items() for wave in _edge(port, actor)]
    found: dict[tuple[int, str], list[Wave]] = {}
    for actor in netlist.actors:
        found.setdefault(_statement(actor), []).extend(_waves(actor))
    lines = sorted(found.items(), key=lambda g: g[0])
    return [Group("ports", ports), *(Group(name, waves) for (_, name), waves in lines)]


def _edge(port: str, actor: Actor) -> Iterator[Wave]:
    width = input_shapes(actor)[0].width
    for bits, signal in ((width, "payload"), (1, "valid"), (1, "ready")):
        yield Wave(f"{port}_{signal}", actor, bits, signal=signal)


def _statement(actor: Actor) -> tuple[int, str]:
    origin = actor.origin
    if origin is None or origin.span is None:
        return 0, "other" if origin is None else origin.op
    op = _OP.match(origin.statement)
    return origin.span.line, f"line{origin.span.line}_{op[1] if op else origin.op}"


def _waves(actor: Actor) -> Iterator[Wave]:
    yield Wave(f"{actor.name}_fires", actor)
    yield Wave(f"{actor.name}_fed", actor, signal="fed")
    yield Wave(f"{actor.name}_roomy", actor, signal="roomy")
    for port in actor.outputs:
        channel, shape = port.channel, port.channel.shape
        yield Wave(f"{channel.name}_pushed", channel)
        if shape.lanes > _LANES:
            yield Wave(f"{channel.name}_beat", channel, shape.width, 0)
            continue
        for lane in range(shape.lanes):
            name = f"{channel.name}_{lane}"
            yield Wave(name, channel, shape.bits, lane * shape.bits, shape.signed)


def verilog_groups(netlist: Netlist, dut: str) -> list[str]:
    """The groups as named blocks of wires, for a testbench with the design as instance `dut`."""
    lines = []
    for group in groups(netlist):
        lines.append(f"  generate if (1) begin : {group.name}")
        for wave in group.waves:
            kind = "wire signed" if wave.signed else "wire"
            # the payload of a stream is no vector where it has one bit
            lines.append(
                f"    {kind} [{wave.bits - 1}:0] {_escaped(wave.name)} = {_source(wave, dut)};"
            )
        lines.append("  end endgenerate")
    return lines


def _source(wave: Wave, dut: str) -> str:
    if isinstance(wave.of, Actor):
        unit = wave.of.unit
        if isinstance(unit, Source | Sink) and wave.signal in ("payload", "valid", "ready"):
            return f"{dut}.{unit.port}_{wave.signal}"
        return f"{dut}.{wave.of.name}_actor.{wave.signal}"
    beat, push = beat_paths(wave.of, dut)
    if wave.low is None:
        return push
    if wave.of.shape.width == 1:
        return beat
    return f"{beat}[{wave.low + wave.bits - 1}:{wave.low}]"


def unit_paths(actor: Actor, dut: str = "dut") -> tuple[str, str, str]:
    """Where the emitted Verilog says that a unit fires, is fed, and has room for what it gives."""
    instance = f"{dut}.{actor.name}_actor"
    return f"{instance}.fire", f"{instance}.fed", f"{instance}.roomy"


def beat_paths(channel: Channel, dut: str = "dut") -> tuple[str, str]:
    """Where the emitted Verilog has the beat that is pushed into a stream, and says that one is."""
    return f"{dut}.{channel.name}_channel.beat", f"{dut}.{channel.name}_channel.push"


def _escaped(name: str) -> str:
    """A name that may be a keyword of Verilog."""
    return f"\\{name} "
