"""The fields of an op: what the annotation of each says that it is.

=====================  =====================================================================
``Value``              an operand: a tile, in textual order
``Reads``              an operand: an element of a buffer, ``w[n * 64, 0]``, to read from there
``Writes``             the same, to write there
``Updates``            the same, to read and write there in one step
``Leaves, Arrives``    the same, to copy from and to there asynchronously
``TileType``           an operand: a type, as in ``full i32[64]``
``tuple[Value, ...]``  all further operands, at least one: tiles
``Value | None``       a tile that may be left out, written by name: ``{zero = z}``
``Condition``          an operand: a comparison of index expressions, ``N % 4 == 0``
``Text``               an operand that may be left out: a text in quotes
anything else          an attribute ``{name = value}``; optional if the field has a default
=====================  =====================================================================
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from functools import cache
from typing import Annotated, Any, Literal, get_type_hints

from tilevm.ir.index import Condition
from tilevm.ir.types import TileType
from tilevm.ir.value import Access, Value

Reads = Annotated[Access, "reads"]
Writes = Annotated[Access, "writes"]
Updates = Annotated[Access, "reads", "writes", "updates"]
Leaves = Annotated[Access, "reads", "leaves"]
Arrives = Annotated[Access, "writes", "arrives"]

Text = Annotated[str, "text"]

Role = Literal[
    "operand", "operands", "optional", "access", "type", "condition", "text", "attribute"
]


@dataclass(frozen=True, kw_only=True)
class OpField:
    """One declared field: its name, what it is, its Python type and default.

    `touches`: how an access does: it "reads", it "writes", it "updates" (both in one step);
    what is copied "leaves" and "arrives" later.
    """

    name: str
    role: Role
    hint: Any
    default: Any = MISSING
    touches: tuple[str, ...] = ()

    @property
    def required(self) -> bool:
        """Whether a program must give it."""
        return self.default is MISSING

    @property
    def by_place(self) -> bool:
        """Whether it is written among the operands; else it stands by name, in braces."""
        return self.role not in ("attribute", "optional")


_ROLES: Mapping[Any, Role] = {
    Value: "operand",
    Reads: "access",
    Writes: "access",
    Updates: "access",
    Leaves: "access",
    Arrives: "access",
    TileType: "type",
    tuple[Value, ...]: "operands",
    Value | None: "optional",
    Condition: "condition",
    Text: "text",
}


@cache
def declared(kind: type[Any], base: type[Any]) -> tuple[OpField, ...]:
    """The fields that an op declares beyond those of `base`, which all ops have; in order."""
    hints = get_type_hints(kind, include_extras=True)
    common = {item.name for item in fields(base)}
    return tuple(
        OpField(
            name=item.name,
            role=_ROLES.get(hints[item.name], "attribute"),
            hint=hints[item.name],
            default=item.default,
            touches=getattr(hints[item.name], "__metadata__", ()),
        )
        for item in fields(kind)
        if item.name not in common
    )
