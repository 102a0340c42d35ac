"""Which bus each port of a design speaks, and who starts it: the options of `hdl.build`."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from hdl.bus.slots import Slots
from hdl.lower import Port
from hdl.netlist import BeatShape
from tilevm.diagnostics import TileError, error, nearest

STREAMS, MEMORIES = ("stream", "axi-stream"), ("axi4", "wishbone")
KINDS = (*STREAMS, *MEMORIES)
CONTROLS = ("axi-lite", "wishbone")
OTHERS = "*"  # in a mapping of buffers to buses: all other buffers
WORD_BITS = {"axi4": (32, 64, 128, 256, 512, 1024), "wishbone": (8, 16, 32, 64)}
BURSTS = tuple(1 << n for n in range(9))  # words of the longest burst


@dataclass(frozen=True)
class Edges:
    """The bus of every port, by port name, and the bus of the control registers, if any.

    Memory is read and written in words of `bus_bits` bits, by AXI4 in bursts of at most `burst`.
    """

    kinds: Mapping[str, str]
    control: str | None = None
    bus_bits: int = 64
    burst: int = 64

    @property
    def plain(self) -> bool:
        """Whether the design is its core, with nothing around it."""
        return self.control is None and set(self.kinds.values()) <= {"stream"}

    @property
    def reaches_memory(self) -> bool:
        """Whether a port is the master of a memory bus."""
        return not set(self.kinds.values()).isdisjoint(MEMORIES)

    def slots(self, shape: BeatShape, beats: int) -> Slots:
        """How the beats of a launch lie in memory, at a port with a memory bus."""
        return Slots(shape, beats, self.bus_bits)


def edges_of(
    ports: str | Mapping[str, str],
    control: str | None,
    edges: Sequence[Port],
    bus_bits: int = 64,
    burst: int = 64,
) -> Edges:
    """The options for these ports: one bus for all, or by buffer (`stream`, or that of ``*``, for
    the others).

    TileError TV0620 for a bus or a buffer that is not there, TV0621 for memory without control
    registers, TV0622 for a width or a length that the bus does not have.
    """
    if control is not None and control not in CONTROLS:
        raise _unknown("`control`", control, CONTROLS)
    if not isinstance(ports, str | Mapping):
        raise _unknown("`ports`", ports, KINDS)
    buffers = {port.buffer for port in edges}
    wanted = {OTHERS: ports} if isinstance(ports, str) else dict(ports)
    for buffer, kind in wanted.items():
        if buffer not in {*buffers, OTHERS}:
            raise _unknown("a buffer in `ports`", buffer, sorted(buffers))
        if kind not in KINDS:
            raise _unknown("a bus in `ports`", kind, KINDS)
    others = wanted.get(OTHERS, "stream")
    kinds = {port.name: wanted.get(port.buffer, others) for port in edges}
    found = Edges(kinds, control, bus_bits, burst)
    used = [kind for kind in MEMORIES if kind in kinds.values()]
    if used and control is None:
        port = next(name for name, kind in kinds.items() if kind in used)
        raise error(
            "TV0621",
            f"port `{port}` is on a memory bus, {kinds[port]}, and the design has no registers "
            "for its address",
            help=f"give it control registers: `control` is one of {', '.join(CONTROLS)}",
        )
    for kind in used or MEMORIES:
        widths = WORD_BITS[kind] if used else sorted({*WORD_BITS["axi4"], *WORD_BITS["wishbone"]})
        _check_number("bus_bits", f"of {kind} " if used else "", bus_bits, widths)
    _check_number("burst", "", burst, BURSTS)
    return found


def _check_number(option: str, of: str, given: object, known: Collection[int]) -> None:
    if isinstance(given, bool) or not isinstance(given, int) or given not in known:
        choices = ", ".join(map(str, known))
        raise error("TV0622", f"`{option}` {of}is one of {choices}, not {given!r}")


def _unknown(what: str, given: object, known: Sequence[str]) -> TileError:
    near = nearest(str(given), known)
    hint = f"did you mean `{near}`?" if near else None
    return error("TV0620", f"{what} is one of {', '.join(known)}, not {given!r}", help=hint)
