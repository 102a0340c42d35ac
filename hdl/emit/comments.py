"""Comments in Verilog: what a module does, and at each instance the statement it comes from."""

from __future__ import annotations

import re
from collections import Counter

from hdl.emit.modules import Kinds, instance_name
from hdl.netlist import Actor, Channel
from hdl.units.edge import Sink, Source

_MODULE = re.compile(r"^module (\w+)", re.M)
_INSTANCE = re.compile(r"^( *)(\w+) (\w+) \($", re.M)


def commented(text: str, kinds: Kinds) -> str:
    """Verilog with comments above the modules and instances of a netlist."""
    counts = Counter(kinds.names.values())
    modules = {name: _module(part, counts[name]) for name, part in kinds.parts.items()}
    instances = {(kind, instance_name(part)): _instance(part) for part, kind in kinds.names.items()}

    def module(found: re.Match[str]) -> str:
        line = modules.get(found[1])
        return found[0] if line is None else f"// {line}\n{found[0]}"

    def instance(found: re.Match[str]) -> str:
        lines = instances.get((found[2], found[3]), [])
        return "".join(f"{found[1]}// {line}\n" for line in lines) + found[0]

    return _INSTANCE.sub(instance, _MODULE.sub(module, text))


def _module(part: Actor | Channel, count: int) -> str:
    times = f", {count} times here" if count > 1 else ""
    if isinstance(part, Channel):
        beats = f"beats of {part.shape.lanes} x {part.shape.bits} bits"
        return f"stream: {beats}, {part.depth} at most{times}"
    edge = isinstance(part.unit, Source | Sink)  # the port is the instance's
    return f"unit: {type(part.unit).__name__.lower() if edge else part.unit.summary}{times}"


def _instance(part: Actor | Channel) -> list[str]:
    if isinstance(part, Channel):
        return [f"stream {part.name}: {part.shape.lanes} x {part.shape.bits} bits"]
    lines = [f"unit {part.name}: {part.unit.summary}"]
    if part.origin is not None and part.origin.span is not None:
        line = part.origin.span.line
        lines.append(f"`{part.origin.op}`, line {line}: {part.origin.statement}")
    return lines
