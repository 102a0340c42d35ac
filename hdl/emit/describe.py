"""Descriptions of a design at several grains: the whole, each unit, each statement."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from hdl.emit.modules import Kinds, instance_name
from hdl.netlist import Actor
from hdl.stored import KINDS

if TYPE_CHECKING:
    from hdl.design import Design


def description(design: Design) -> dict[str, Any]:
    """The design, its units and the statements that they come from, as plain data."""
    kinds = Kinds.of(design.netlist, design.name if design.edges.plain else f"{design.name}_core")
    modules = [_module(design, actor, kinds.names[actor]) for actor in design.netlist.actors]
    return {
        "design": {
            "name": design.name,
            "computes": str(design.source).rstrip(),
            **design.facts,
        },
        "modules": modules,
        "statements": _statements(modules),
    }


def _module(design: Design, actor: Actor, kind: str) -> dict[str, Any]:
    use, origin = design.timing.usage[actor.name], actor.origin
    channels = [port.channel for port in actor.outputs]
    return {
        "instance": instance_name(actor),
        "module": kind,
        "does": actor.unit.summary,
        "value": origin.value if origin else None,
        "op": origin.op if origin else None,
        "line": origin.span.line if origin and origin.span else None,
        "statement": origin.span.text if origin and origin.span else None,
        "loops": list(actor.trips),
        "takes": [port.reader.channel.name for port in actor.inputs],
        "gives": [
            {"stream": c.name, "lanes": c.shape.lanes, "bits": c.shape.bits, "depth": c.depth}
            for c in channels
        ],
        "firings": use.busy,
        "starved": use.starved,
        "blocked": use.blocked,
    }


def _statements(modules: list[dict[str, Any]]) -> list[dict[str, Any]]:
    found: dict[tuple[int, str], list[str]] = {}
    for module in modules:
        if module["line"] is not None:
            place = (module["line"], module["statement"])
            found.setdefault(place, []).append(module["instance"])
    return [
        {"line": line, "statement": text, "instances": names}
        for (line, text), names in sorted(found.items())
    ]


def described(design: Design) -> str:
    """The same as Markdown."""
    data = design.description()
    sizes = ", ".join(f"{name} = {size}" for name, size in data["design"]["sizes"].items())
    kinds = [f"{design.stored_bits(kind)} of {text}" for kind, text in KINDS.items()]
    lines = [
        f"# {design.name}",
        "",
        f"Computes the kernel `{design.name}`{' for ' + sizes if sizes else ''}, one launch in "
        f"{design.cycles} cycles, by {len(data['modules'])} units. It stores "
        f"{design.stored_bits()} bits: {', '.join(kinds)}.",
        "",
        "## Statements",
        "",
    ]
    for statement in data["statements"]:
        first, *_ = statement["statement"].splitlines()
        names = ", ".join(f"`{name}`" for name in statement["instances"])
        lines.append(f"- Line {statement['line']}, `{first}`: {names}")
    lines += ["", "## Units", ""]
    for module in data["modules"]:
        takes = ", ".join(f"`{stream}`" for stream in module["takes"]) or "its port"
        gives = ", ".join(
            f"`{s['stream']}` ({s['lanes']} x {s['bits']} bits, {s['depth']} deep)"
            for s in module["gives"]
        )
        lines.append(
            f"- `{module['instance']}`, a `{module['module']}`: {module['does']}. It takes from "
            f"{takes} and gives to {gives or 'its port'}, {module['firings']} times a launch."
        )
    return "\n".join(lines) + "\n"


def core_file(design: Design, bench: Sequence[str] = (), memories: Sequence[str] = ()) -> str:
    """A FuseSoC core description (CAPI2); `bench` lists the files of the testbench, `memories`
    those with contents of memories."""
    name = design.name
    lines = [
        "CAPI=2:",
        f"name: tilevm::{name}:0.1.0",
        f'description: "Hardware of the tile program {name}, by tilevm"',
        "filesets:",
        "  rtl:",
        f"    files: [{name}.v]",
        "    file_type: verilogSource",
    ]
    if memories:
        lines += ["  memories:", "    files:"]
        lines += [f"      - {file}: {{file_type: user, copyto: {file}}}" for file in memories]
    if bench:
        lines += ["  bench:", "    files:"]
        for file in bench:
            fields = "file_type: verilogSource"
            if not file.endswith(".v"):
                fields = f"file_type: user, copyto: {file}"
            lines.append(f"      - {file}: {{{fields}}}")
    rtl = "rtl, memories" if memories else "rtl"
    lines += ["targets:", "  default:", f"    filesets: [{rtl}]", f"    toplevel: {name}"]
    if bench:
        lines += ["  sim:", f"    filesets: [{rtl}, bench]", f"    toplevel: {name}_tb"]
        lines += ["    default_tool: icarus"]
    lines += ["  lint:", f"    filesets: [{rtl}]", f"    toplevel: {name}"]
    lines += ["    default_tool: verilator", "    tools:", "      verilator:"]
    lines += ["        mode: lint-only", "        verilator_options: [-Wall, -Wno-fatal]"]
    return "\n".join(lines) + "\n"
