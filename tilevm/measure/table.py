"""Stats as a table for people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tilevm.measure.layouts import Placed
    from tilevm.measure.summary import AccessStats, Stats


def shown(stats: Stats) -> str:
    """The whole report."""
    sizes = ", ".join(f"{name} = {value}" for name, value in stats.sizes.items())
    blocks = f"{stats.blocks} thread block" + ("s" if stats.blocks > 1 else "")
    parts = [f"{stats.kernel}({sizes}): {blocks}, counted {stats.counted}"]
    rows = [
        (_line(op.line), op.op, op.result, *map(_number, (
            op.runs, op.elements, op.operations, op.global_bytes, op.shared_bytes)))
        for op in stats.ops
    ]  # fmt: skip
    totals = (stats.operations, stats.global_bytes, stats.shared_bytes)
    rows.append(("", "total", "", "", "", *map(_number, totals)))
    head = ("line", "op", "result", "runs", "elements", "operations", "global B", "shared B")
    parts.append(table(head, rows, right=5))
    if stats.intensity is not None:
        parts.append(f"{stats.intensity:.3g} operations per byte of global memory")
    if stats.shared_bytes_per_block:
        parts.append(f"{stats.shared_bytes_per_block} bytes of shared memory in each block")
    if stats.accesses:
        parts += ["", table(_ACCESS, [_access(access) for access in stats.accesses])]
    if stats.conversions:
        rows = [
            (_line(each.line), each.value, f"{each.source} ({each.origin})", each.target,
             "-" if each.moved is None else f"{each.moved} of {each.elements}",
             "-" if each.shared_bytes is None else str(each.shared_bytes))
            for each in stats.conversions
        ]  # fmt: skip
        parts += ["", table(_CONVERSION, rows)]
    if stats.accumulators:
        parts += ["", "accumulators:", *(f"  {text}" for text in stats.accumulators)]
    return "\n".join(parts)


_CONVERSION = ("line", "convert_layout", "from", "to", "change place", "bytes through shared")
_ACCESS = ("line", "access", "memory", "vector", "bank passes", "layout")


def _access(access: AccessStats) -> tuple[str, ...]:
    if access.vector_bytes is None:
        vector = "-"
    else:
        vector = f"{access.vector_bytes} B" if access.vector_bytes else "part of a byte"
    met = access.banks
    passes = "-" if met is None else f"{met.passes} (best {met.best})"
    layout = "-" if access.layout is None else f"{access.layout} ({access.origin})"
    name = f"{access.op} {access.at}"
    return (_line(access.line), name, access.space, vector, passes, layout)


def layout_table(found: Sequence[Placed]) -> str:
    """Each tile with its layout, and why it has it."""
    rows = [
        (placed.value.name, "-" if placed.layout is None else str(placed.layout),
         placed.origin, placed.why)
        for placed in found
    ]  # fmt: skip
    return table(("value", "layout", "", "why"), rows)


def table(head: Sequence[str], rows: Sequence[Sequence[str]], right: int = 0) -> str:
    """Columns side by side, the last `right` of them to the right."""
    every = [head, *rows]
    widths = [max(len(row[n]) for row in every) for n in range(len(head))]
    left = len(head) - right
    lines = (
        "  ".join(
            cell.ljust(width) if n < left else cell.rjust(width)
            for n, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in every
    )
    return "\n".join(lines)


def _line(line: int | None) -> str:
    return "" if line is None else str(line)


def _number(value: int) -> str:
    return str(value) if value else "-"
