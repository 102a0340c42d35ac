"""The canonical text of programs, which is also what the formatter writes.

Printing what was parsed from printed text gives the same text again.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from tilevm.dtypes import CodebookType, DType, FixedType
from tilevm.dtypes.codebook import built_in
from tilevm.ir.block import Block
from tilevm.ir.fields import OpField
from tilevm.ir.folding import INDENT, fold, listed
from tilevm.ir.function import Call, Function
from tilevm.ir.kernel import Kernel, Program
from tilevm.ir.loc import Loc
from tilevm.ir.op import Op
from tilevm.ir.region import RegionOp
from tilevm.ir.value import Value


def print_program(program: Program) -> str:
    """The text of types, kernels and functions, with their comments; ends with a newline if any."""
    lines: list[str] = []
    written = {declared.name for declared in program.types}
    for number, declared in enumerate(program.types):
        if declared.loc.gap and number:
            lines.append("")
        lines.extend(declared.loc.comments)
        text = _declaration(declared.name, declared.type)
        lines.extend(_remarked(text, "", declared.loc, True))
    items = list(program.items)
    for name, kind in named_types(items).items():
        if name not in written:
            lines.extend(fold(_declaration(name, kind), ""))
    if items:
        lines.extend(["", *_listed(items, True)] if lines else _listed(items, True))
    if program.closing:
        if lines:
            lines.append("")
        lines.extend(program.closing)
    return "".join(line + "\n" for line in lines)


def print_kernel(kernel: Kernel, comments: bool = True) -> str:
    """The text of one kernel, below the types and functions that it names; ends with a newline."""
    return _alone((*kernel.functions, kernel), comments)


def print_function(function: Function, comments: bool = True) -> str:
    """The text of one function, below the types and functions that it names."""
    return _alone((*function.functions, function), comments)


def _alone(items: Sequence[Kernel | Function], comments: bool) -> str:
    lines: list[str] = []
    for name, kind in named_types(items).items():
        lines.extend(fold(_declaration(name, kind), ""))
    if lines:
        lines.append("")
    return "".join(line + "\n" for line in (*lines, *_listed(items, comments)))


def named_types(items: Iterable[Kernel | Function]) -> dict[str, CodebookType | FixedType]:
    """The types of kernels and functions that a program must declare, by name."""
    found: dict[str, CodebookType | FixedType] = {}
    kinds: list[Any] = []
    for item in items:
        kinds.extend(param.type.dtype for param in item.params)
        for op in item.body.walk():
            kinds.extend(value.type.dtype for value in op.results)
            kinds.extend(value for _, value in op.attributes())
    for kind in kinds:
        if isinstance(kind, CodebookType | FixedType) and kind.label is not None:
            if built_in(kind.label) != kind:
                found.setdefault(kind.label, kind)
    return found


def _declaration(name: str, kind: DType) -> str:
    written = kind.full_name if isinstance(kind, CodebookType | FixedType) else str(kind)
    return f"type {name} = {written}"


def _listed(items: Iterable[Kernel | Function], comments: bool) -> list[str]:
    """The lines of kernels and functions, with an empty one between each two."""
    lines: list[str] = []
    for item in items:
        if lines:
            lines.append("")
        if isinstance(item, Kernel):
            lines.extend(_kernel_lines(item, comments))
        else:
            lines.extend(_function_lines(item, comments))
    return lines


def _function_lines(function: Function, comments: bool) -> Iterator[str]:
    if comments:
        yield from function.loc.comments
    params = [f"{p.name}: {p.type}" for p in function.params]
    yield from listed(f"function {function.name}(", params, ") {", "")
    yield from _block_lines(function.body, INDENT, comments)
    yield "}"


def _kernel_lines(kernel: Kernel, comments: bool) -> Iterator[str]:
    if comments:
        yield from kernel.loc.comments
    params = [f"{p.name}: {p.type}" for p in kernel.declared]
    yield from listed(f"kernel {kernel.name}(", params, ")", "")
    if kernel.where:
        yield from listed("where ", list(map(str, kernel.where)), "", INDENT)
    if kernel.grid:
        axes = [f"{name} = {extent}" for name, extent in kernel.grid]
        yield from listed("grid (", axes, ")", INDENT)
    yield "{"
    yield from _block_lines(kernel.body, INDENT, comments)
    yield "}"


def _indented(comments: Iterable[str], indent: str) -> Iterator[str]:
    return (indent + text if text else "" for text in comments)


def _remarked(text: str, indent: str, loc: Loc, comments: bool) -> Iterator[str]:
    """A statement with the comment behind it."""
    *lines, last = fold(text, indent)
    yield from lines
    yield f"{last}  {loc.remark}" if comments and loc.remark else last


def _block_lines(block: Block, indent: str, comments: bool) -> Iterator[str]:
    for number, op in enumerate(block.ops):
        if comments:
            if op.loc.gap and number:
                yield ""
            yield from _indented(op.loc.comments, indent)
        yield from _op_lines(op, indent, comments)
    if block.yields:
        loc = block.yield_loc
        if comments:
            if loc.gap and block.ops:
                yield ""
            yield from _indented(loc.comments, indent)
        yield from _remarked(f"yield {_names(block.yields)}", indent, loc, comments)
    if comments:
        yield from _indented(block.yield_loc.closing, indent)


def _op_lines(op: Op, indent: str, comments: bool) -> Iterator[str]:
    start, inner = _targets(op), indent + INDENT
    if isinstance(op, RegionOp):
        first, *rest = op.blocks
        yield from _remarked(f"{start}{op.header} {{", indent, op.loc, comments)
        yield from _block_lines(first, inner, comments)
        for block in rest:
            if block.ops or block.yields or (comments and block.yield_loc.closing):
                yield f"{indent}}} {op.between} {{"
                yield from _block_lines(block, inner, comments)
        yield f"{indent}}}"
    else:
        operands = ", ".join(
            quoted(value) if item.role == "text" else _operand(value)
            for item, value in op.operand_fields()
            if item.role != "text" or value
        )
        if isinstance(op, Call):
            operands = f"{op.function.name}({operands})"
        said = [
            f"{item.name} = {written_attribute(item.hint, value)}"
            for item, value in op.attributes()
            if _said(item, value)
        ]
        attributes = f" {{{', '.join(said)}}}" if said else ""
        text = f"{start}{op.name}{' ' if operands else ''}{operands}{attributes}"
        yield from _remarked(text, indent, op.loc, comments)


def _targets(op: Op) -> str:
    if not op.results:
        return ""
    if op.written is not None:
        return f"{op.out.name}: {op.written} = "
    return f"{_names(op.results)} = "


def _names(values: Iterable[Any]) -> str:
    return ", ".join(value.name for value in values)


def _operand(value: Any) -> str:
    if isinstance(value, tuple):
        return _names(value)
    return value.name if hasattr(value, "name") else str(value)


def _said(item: OpField, value: Any) -> bool:
    return item.required or value != item.default


def written_attribute(hint: Any, value: Any) -> str:
    """An attribute's value as the language writes it, for a field of that type."""
    if isinstance(value, Value):
        return value.name
    return quoted(value) if hint is str else _attribute(value)


def _attribute(value: Any) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case tuple():
            return f"[{', '.join(map(_attribute, value))}]"
        case float():
            return repr(value)
        case _:
            return str(value)


def quoted(text: str) -> str:
    """A text as the language writes it, between quotes and with its escapes."""
    for plain, escaped in (("\\", "\\\\"), ('"', '\\"'), ("\n", "\\n"), ("\t", "\\t")):
        text = text.replace(plain, escaped)
    return '"' + re.sub(r"[\x00-\x1f\x7f]", lambda m: f"\\x{ord(m[0]):02x}", text) + '"'
