"""From a kernel to a design: shapes bound, passes, lowering, edges, sized buffers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from hdl.bus.edges import edges_of
from hdl.bus.launch import with_launch
from hdl.design import Design
from hdl.lower import LIMITS, Limits, lower
from hdl.lower.legalise import legalise
from hdl.options import (
    check_dot,
    check_engines,
    check_lanes,
    check_most_bits,
    check_runtime,
)
from hdl.runtime import runtime_size
from hdl.sizing import size_channels
from hdl.stored import KINDS
from tilevm.diagnostics import error
from tilevm.ir import Kernel
from tilevm.passes import Watch, step, transform
from tilevm.vm import bind_symbols


def build(
    kernel: Kernel,
    *,
    dot: str = "lut",
    lanes: int = 16,
    group: int = 4,
    table: str = "activations",
    ports: str | Mapping[str, str] = "stream",
    control: str | None = None,
    bus_bits: int = 64,
    burst: int = 64,
    runtime: str | None = None,
    sizes: Mapping[str, int] | None = None,
    max_bits: int | None = None,
    watch: Watch | None = None,
    max_accumulator: int = LIMITS.accumulator,
    max_table: int = LIMITS.table,
    engines: int = 1,
    **symbols: int,
) -> Design:
    """The hardware of a kernel for given shapes; a unit computes at most `lanes` elements a cycle.

    `dot`: how integer products are computed, ``lut`` (tables of `group` elements over the `table`
    operand), ``bitserial`` or ``ternary`` (see `tilevm.passes.rewrite_dot`), or ``mac``: by a unit
    that multiplies and accumulates, as every `dot` is that a form leaves as it is.  Exact sums of
    floats have at most `max_accumulator` bits; functions are tables of all codes, which have at
    most `max_table` bits (up to 16).  `engines` copies of the hardware share the thread blocks:
    they take turns, ports stay what they are, and so do results.  Shape symbols are given by name
    (``N=64, K=256``), or in `sizes`.  `ports` is the bus of the ports, ``stream``, ``axi-stream``,
    ``axi4`` or ``wishbone``, or a mapping of buffers to buses (``*``: all others); `control`,
    ``axi-lite`` or ``wishbone``, adds registers that start launches and count cycles.  Memory buses
    have words of `bus_bits` bits and bursts of at most `burst` words (docs/buses.md).  With
    `runtime`, a symbol, its size is chosen at each launch in a register, up to that given here.
    `max_bits`: the most bits that all tables, memories, buffers and states may have together, else
    TV0616.  `watch` sees the program after each pass.
    Raises TileError where the kernel cannot be built, with the line of the program and what would
    make it legal.
    """
    check_lanes(lanes)
    check_engines(engines)
    check_dot(dot)
    check_runtime(runtime, control)
    check_most_bits(max_bits)
    launch = bind_symbols(kernel, {**(sizes or {}), **symbols})
    passes = [step("canonicalise", symbols=launch.symbols)]
    of_tables = {"group": group, "table": table} if dot == "lut" else {}
    if dot != "mac":
        passes.insert(0, step("rewrite_dot", form=dot, **of_tables))
    plain = legalise(transform(launch.kernel, passes, watch))
    lowered = lower(plain, lanes, Limits(max_accumulator, max_table), engines)
    edges = edges_of(ports, control, [*lowered.inputs, *lowered.outputs], bus_bits, burst)
    token = None
    if control is not None:
        netlist, token = with_launch(lowered.netlist)
        lowered = replace(lowered, netlist=netlist)
    size_channels(lowered.netlist)
    options: dict[str, Any] = {"dot": dot, "lanes": lanes, **of_tables}
    if engines != 1:
        options["engines"] = engines
    if not edges.plain:
        options |= {"ports": ports if isinstance(ports, str) else dict(ports), "control": control}
    if edges.reaches_memory:
        options |= {"bus_bits": bus_bits, "burst": burst}
    if runtime is not None:
        options["runtime"] = runtime
    design = Design(launch.kernel, lowered, launch, options, edges, token)
    if runtime is not None:
        design.runtime = runtime_size(runtime, launch, lowered, design.timing)
    if max_bits is not None:
        _check_bits(design, max_bits)
    return design


def _check_bits(design: Design, most: int) -> None:
    """TV0616 for a design that stores more than it may, with what stores the most."""
    needed = design.stored_bits()
    if needed <= most:
        return
    largest = max(design.stored, key=lambda part: part.bits)
    kinds = [(design.stored_bits(kind), text) for kind, text in KINDS.items()]
    shares = ", ".join(f"{bits:,} of {text}" for bits, text in kinds if bits)
    raise error(
        "TV0616",
        f"`{design.name}` stores {needed:,} bits, and `max_bits` is {most:,}",
        *largest.actor.labels,
        notes=[shares, f"the largest part is `{largest.name}`: {largest.bits:,} bits"],
        help="use smaller tables (`group`), fewer lanes, or a smaller problem",
    )
