"""The reference page of all ops, from their declarations: ``python -m tilevm.ir.reference``."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from typing import Any, Literal, get_args, get_origin

from tilevm.dtypes import DType
from tilevm.ir.control import For, If, While
from tilevm.ir.fields import OpField
from tilevm.ir.function import Call
from tilevm.ir.index import Expr
from tilevm.ir.op import REGISTRY, Op
from tilevm.ir.printer import written_attribute

_HEAD = """\
# Ops

One line of a program is `results = op operands {attributes}`; an attribute with a default may be
left out. This page is written by `python -m tilevm.ir.reference`: each op is declared once, in
`tilevm/ir/ops`, and its declaration is what the checker, the machine and this page read.
"""


def reference() -> str:
    """The page, in Markdown."""
    parts = [_HEAD]
    families: dict[str, list[type[Op]]] = {}
    for op in REGISTRY.values():
        families.setdefault(op.__module__, []).append(op)
    for module, ops in families.items():
        title, _, rest = inspect.cleandoc(sys.modules[module].__doc__ or "").partition("\n")
        parts.append(f"## {title.rstrip('.')}\n")
        if rest.strip():
            parts.append(f"{_markdown(rest.strip())}\n")
        parts.extend(_entry(op) for op in ops)
    parts.append("## Loops, branches and calls\n")
    parts.extend(f"### `{op.name}`\n\n{_markdown(op.law())}\n" for op in (For, While, If, Call))
    return "\n".join(parts)


def _entry(op: type[Op]) -> str:
    lines = [f"### `{op.name}`\n", f"```\n{_form(op)}\n```\n", f"{_markdown(op.law())}\n"]
    attributes = [item for item in op.fields() if not item.by_place]
    lines.extend(f"- `{item.name}`: {_attribute(item)}" for item in attributes)
    return "\n".join([*lines, ""] if attributes else lines)


def _form(op: type[Op]) -> str:
    """How the op is written."""
    operands = {"access": "{}[...]", "type": "i32[...]", "operands": "{}, ...", "text": '"text"'}
    shown = ", ".join(
        operands.get(item.role, "{}").format(item.name) for item in op.fields() if item.by_place
    )
    needed = ", ".join(
        f"{item.name} = ..." for item in op.fields() if not item.by_place and item.required
    )
    result = "" if op.result.__annotations__.get("return") == "None" else "r = "
    if op.needs_type:
        result = "r: i8[...] = "
    return f"{result}{op.name} {shown}{f' {{{needed}}}' if needed else ''}".rstrip()


def _attribute(item: OpField) -> str:
    kind = "a tile" if item.role == "optional" else " or ".join(_kinds(item.hint))
    if item.required:
        return f"{kind}; required"
    if item.default is None:
        return f"{kind}; optional"
    return f"{kind}; by default `{written_attribute(item.hint, item.default)}`"


def _kinds(hint: Any) -> Iterator[str]:
    names = {
        int: "an integer", float: "a decimal number", bool: "`true` or `false`",
        str: "a text in quotes", DType: "an element type", Expr: "an index expression",
    }  # fmt: skip
    if get_origin(hint) is Literal:
        yield " or ".join(f"`{choice}`" for choice in get_args(hint))
    elif get_origin(hint) is tuple:
        listed = {Expr: "index expressions", int | float: "numbers"}
        yield f"a list of {listed.get(get_args(hint)[0], 'integers')}"
    elif hint in names:
        yield names[hint]
    else:
        for inner in get_args(hint):
            if inner is not type(None):
                yield from _kinds(inner)


def _markdown(text: str) -> str:
    return text.replace("``", "`")


if __name__ == "__main__":
    sys.stdout.write(reference())
