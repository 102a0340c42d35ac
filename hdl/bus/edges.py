"""Which bus each port of a design speaks, and who starts it: the options of `hdl.build`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hdl.lower import Port
from tilevm.diagnostics import TileError, error, nearest

KINDS = ("stream", "axi-stream")
CONTROLS = ("axi-lite", "wishbone")


@dataclass(frozen=True)
class Edges:
    """The bus of every port, by port name, and the bus of the control registers, if any."""

    kinds: Mapping[str, str]
    control: str | None = None

    @property
    def plain(self) -> bool:
        """Whether the design is its core, with nothing around it."""
        return self.control is None and set(self.kinds.values()) <= {"stream"}


def edges_of(ports: str | Mapping[str, str], control: str | None, edges: Sequence[Port]) -> Edges:
    """The options for these ports: one bus for all, or by buffer (`stream` for the others).

    TileError TV0620 for a bus or a buffer that is not there.
    """
    if control is not None and control not in CONTROLS:
        raise _unknown("`control`", control, CONTROLS)
    buffers = {port.buffer for port in edges}
    wanted = dict.fromkeys(buffers, ports) if isinstance(ports, str) else dict(ports)
    for buffer, kind in wanted.items():
        if buffer not in buffers:
            raise _unknown("a buffer in `ports`", buffer, sorted(buffers))
        if kind not in KINDS:
            raise _unknown("a bus in `ports`", kind, KINDS)
    return Edges({port.name: wanted.get(port.buffer, "stream") for port in edges}, control)


def _unknown(what: str, given: object, known: Sequence[str]) -> TileError:
    near = nearest(str(given), known)
    hint = f"did you mean `{near}`?" if near else None
    return error("TV0620", f"{what} is one of {', '.join(known)}, not {given!r}", help=hint)
