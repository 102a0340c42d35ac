"""The base of every op.  A subclass declares the op once: operands, attributes, type rule, meaning.

A subclass is a frozen dataclass.  The annotation of a field says what it is:

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

``result()`` is the type rule, and so the verifier: building an op checks it.  ``run()`` is its
meaning in NumPy, on arrays with a leading axis of thread blocks (of extent 1 where the value is the
same in all blocks).
"""

from __future__ import annotations

import inspect
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, dataclass, field, fields, replace
from functools import cache, cached_property
from typing import Annotated, Any, ClassVar, Literal, Self, get_type_hints

from tilevm.diagnostics import Label, Span, TileError, error, nearest
from tilevm.dtypes import CodebookType, DType, FloatType
from tilevm.ir.attribute import coerce
from tilevm.ir.index import Condition, Expr, as_expr
from tilevm.ir.types import BufferType, TileType, Type


@dataclass(frozen=True)
class Loc:
    """Where a statement was written, and the comments that belong to it."""

    span: Span | None = None
    parts: Mapping[str, Span] = field(default_factory=dict)  # per operand and attribute
    targets: tuple[Span, ...] = ()  # per result
    comments: tuple[str, ...] = ()  # lines above
    remark: str = ""  # comment at the end of the line
    gap: bool = False  # a blank line above
    closing: tuple[str, ...] = ()  # comments before a region's closing brace
    called: tuple[Span, ...] = ()  # the calls that it was written out for, the innermost first

    def at(self, targets: tuple[Span, ...], parts: Mapping[str, Span]) -> Loc:
        """The same, with the places of the results, and of more operands and attributes."""
        return replace(self, targets=targets, parts={**self.parts, **parts})

    @property
    def notes(self) -> tuple[str, ...]:
        """What a diagnostic says of the calls."""
        return tuple(f"called at {span.source.name}:{span.line}" for span in self.called)


@dataclass(eq=False)
class Value:
    """A named result: a tile, or a buffer.  Values compare by identity."""

    name: str
    type: Type
    span: Span | None = None

    @property
    def tile(self) -> TileType:
        """The type, where a tile is meant; TileError TV0204 for a buffer."""
        if isinstance(self.type, TileType):
            return self.type
        labels = [Label(self.span, f"this is {self.type}")] if self.span else []
        hint = f"load a tile first: `t: {self.type.dtype}[...] = load {self.name}[...]`"
        raise error("TV0204", f"`{self.name}` is a buffer, not a tile", *labels, help=hint)

    @property
    def dtype(self) -> DType:
        """The element type, of a tile or a buffer."""
        return self.type.dtype

    def __getitem__(self, indices: Expr | int | str | tuple[Expr | int | str, ...]) -> Access:
        """An element of the buffer, as `Builder` takes it: ``w[n * 64, 0]``."""
        listed = indices if isinstance(indices, tuple) else (indices,)
        return Access(self, tuple(as_expr(i) for i in listed))


@dataclass(frozen=True, eq=False)
class Access:
    """An element of a buffer, the first of those that a load or store touches."""

    buffer: Value
    indices: tuple[Expr, ...]
    span: Span | None = None

    @cached_property
    def names(self) -> frozenset[str]:
        """The symbols in its indices."""
        return frozenset().union(*(index.names for index in self.indices))

    def __str__(self) -> str:
        return f"{self.buffer.name}[{', '.join(map(str, self.indices))}]"

    @property
    def type(self) -> BufferType:
        """The type of the buffer; TileError TV0204 where a tile was given instead."""
        if isinstance(self.buffer.type, BufferType):
            return self.buffer.type
        labels = [Label(self.span, f"this is {self.buffer.type}")] if self.span else []
        raise error("TV0204", f"`{self.buffer.name}` is a tile, not a buffer", *labels)


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


REGISTRY: dict[str, type[Op]] = {}


@dataclass(frozen=True, kw_only=True, eq=False)
class Op:
    """The base: operands in, results out, a place in the source."""

    name: ClassVar[str] = ""
    pure: ClassVar[bool] = True
    needs_type: ClassVar[bool] = False  # the written type says what the result is
    commutative: ClassVar[bool] = False
    takes_codes: ClassVar[bool] = False  # whether its tiles may hold codes of a codebook
    optional_result: ClassVar[bool] = False  # without a name for it, there is none
    synchronises: ClassVar[bool] = False  # its meaning takes the copies under way

    written: TileType | None = None
    loc: Loc = field(default=Loc(), repr=False)
    named: tuple[str, ...] = ()
    results: tuple[Value, ...] = field(init=False, repr=False)

    def __init_subclass__(
        cls,
        *,
        name: str = "",
        pure: bool = True,
        needs_type: bool = False,
        commutative: bool = False,
        optional_result: bool = False,
        synchronises: bool = False,
        codes: bool | None = None,
    ) -> None:
        super().__init_subclass__()
        if codes is not None:
            cls.takes_codes = codes
        cls.pure, cls.needs_type, cls.commutative = pure, needs_type, commutative
        cls.optional_result, cls.synchronises = optional_result, synchronises
        if name:
            assert name not in REGISTRY, f"op `{name}` is declared twice"
            cls.name = name
            REGISTRY[name] = cls

    def __post_init__(self) -> None:
        for item in self.fields():
            value = getattr(self, item.name)
            if item.role == "operand":
                self._tile_operand(item.name, value)
            elif item.role == "operands":
                for operand in value:
                    self._tile_operand(item.name, operand)
            elif item.role == "optional":
                if value is not None:
                    self._tile_operand(item.name, value)
            elif item.role == "attribute":
                object.__setattr__(self, item.name, self._attribute(item, value))
        try:
            types = self.result_types()
        except TileError as problem:
            first = problem.diagnostics[0]
            if first.labels or self.loc.span is None:
                raise
            raise self.reject(first.code, first.message, help=first.help) from None
        if self.optional_result and not self.named:
            types = ()
        if self.written is not None and len(types) == 1:
            types = (self._checked(types[0]),)
        names = self.named or tuple(f"{self.name}{i or ''}" for i in range(len(types)))
        if len(names) != len(types):
            counted = "no result" if not types else f"{len(types)} result" + "s" * (len(types) > 1)
            given = "1 name is" if len(names) == 1 else f"{len(names)} names are"
            raise self.reject("TV0206", f"`{self.name}` has {counted}, but {given} given")
        spans = self.loc.targets if len(self.loc.targets) == len(names) else (None,) * len(names)
        made = tuple(Value(*each) for each in zip(names, types, spans, strict=True))
        object.__setattr__(self, "results", made)

    def _tile_operand(self, name: str, value: Value) -> None:
        if isinstance(value.type, BufferType):
            raise self.reject(
                "TV0204",
                f"operand `{name}` of `{self.name}` must be a tile, not the buffer `{value.name}`",
                name,
                help=f"load a tile first: `t: {value.dtype}[...] = load {value.name}[...]`",
                **{name: f"this is {value.type}"},
            )
        if not self.takes_codes and isinstance(value.dtype, CodebookType):
            raise self.reject(
                "TV0222",
                f"`{self.name}` computes with numbers, and `{value.name}` holds codes",
                name,
                help=f"`t = decode {value.name}` gives the numbers that they stand for",
                **{name: f"this is {value.type}"},
            )

    def _checked(self, inferred: Type) -> Type:
        """The inferred type with the written layout, once the two agree."""
        written = self.written
        assert written is not None
        if written != inferred:
            raise self.reject(
                "TV0205",
                f"the written type differs from the type of `{self.name}`",
                "written",
                written=f"written as {written}, but it is {inferred}",
                help=f"write `{inferred}`, or leave the type out: it is inferred",
            )
        layout = written.layout
        if layout is not None and layout.shape != written.shape:
            raise self.reject(
                "TV0301",
                f"the layout has shape {list(layout.shape)}, the tile has {list(written.shape)}",
                "written",
                help="the factors of a layout multiply to the tile's shape in every dimension",
            )
        return replace(inferred, layout=layout) if isinstance(inferred, TileType) else inferred

    def _attribute(self, item: OpField, value: Any) -> Any:
        try:
            return coerce(item.hint, value)
        except (ValueError, TileError) as reason:
            if isinstance(reason, TileError):
                first = reason.diagnostics[0]
                message, hint = first.message, first.help
            else:
                message, hint = str(reason), None
            raise self.reject(
                "TV0207",
                f"attribute `{item.name}` of `{self.name}`: {message}",
                item.name,
                help=hint,
            ) from None

    # --- what a subclass says

    def result(self) -> Type | None:
        """The type of the one result, None for an op without; raises through `reject`."""
        raise NotImplementedError

    def result_types(self) -> tuple[Type, ...]:
        kind = self.result()
        return () if kind is None else (kind,)

    def run(self, *operands: Any) -> Any:
        """The meaning, in NumPy; see the module's docstring."""
        raise NotImplementedError

    @property
    def may_stop(self) -> bool:
        """Whether some operands make it stop with an error, other than by lack of memory."""
        traps = getattr(self, "overflow", None) == "trap"
        return traps or any(_lacks_nan(value.dtype) for value in self.results)

    @property
    def reports_overflow(self) -> bool:
        """Whether a checked run reports integers beyond the type of the result.

        So where `overflow` is left open (None).  ``replace(op, overflow="trap")`` is the op that
        stops at the first such element.
        """
        left_open = getattr(self, "overflow", "wrap") is None
        return left_open and any(value.dtype.is_int for value in self.results)

    # --- what the rest of the system asks

    @property
    def matters(self) -> bool:
        """Whether a run differs without it even if nobody reads its results."""
        return not self.pure or self.may_stop

    @property
    def commutes(self) -> str | None:
        """A name that it shares with the updates of memory that it may change places with."""
        return None

    @property
    def blocks(self) -> tuple[Block, ...]:
        """The blocks inside it, in order: `for` and `if` have some."""
        return ()

    @classmethod
    def fields(cls) -> tuple[OpField, ...]:
        """The declared operands and attributes, in order."""
        kind: Any = cls  # mypy: a class is hashable, whatever its instances are
        return _declared(kind)

    @classmethod
    def attribute_hint(cls, name: str) -> str:
        """What to write in place of an attribute that the op does not have."""
        allowed = [item.name for item in cls.fields() if not item.by_place]
        near = nearest(name, allowed)
        if near:
            return f"did you mean `{near}`?"
        return f"its attributes are {', '.join(allowed)}" if allowed else "it has no attributes"

    @classmethod
    def law(cls) -> str:
        """The documentation: the docstring, whose first line states the law."""
        return inspect.cleandoc(cls.__doc__ or "")

    def operand_fields(self) -> Iterator[tuple[OpField, Any]]:
        """The fields among the operands (tiles, accesses, types) with their values, in order."""
        for item in self.fields():
            if item.by_place:
                yield item, getattr(self, item.name)

    def attributes(self) -> Iterator[tuple[OpField, Any]]:
        """The fields by name (attributes, tiles that may be left out) with their values."""
        for item in self.fields():
            if not item.by_place:
                yield item, getattr(self, item.name)

    @property
    def operands(self) -> tuple[Value, ...]:
        """The tiles that the op reads."""
        return tuple(value for value in self.tiles if value is not None)

    @property
    def tiles(self) -> tuple[Value | None, ...]:
        """The tiles that its meaning takes, in field order; None for one that is left out."""
        found: list[Value | None] = []
        for item in self.fields():
            value = getattr(self, item.name)
            if item.role in ("operand", "optional"):
                found.append(value)
            elif item.role == "operands":
                found.extend(value)
        return tuple(found)

    @cached_property
    def takes(self) -> tuple[tuple[Role, Any], ...]:
        """What its meaning takes, in field order: tiles, accesses, index expressions."""
        found: list[tuple[Role, Any]] = []
        for item in self.fields():
            value = getattr(self, item.name)
            if item.role == "operands":
                found.extend(("operand", each) for each in value)
            elif item.role == "optional":
                found.append(("optional" if value is None else "operand", value))
            elif item.role in ("operand", "access") or item.hint is Expr:
                found.append((item.role, value))
            elif item.hint == tuple[Expr, ...]:
                found.extend((item.role, each) for each in value)
        return tuple(found)

    @property
    def accesses(self) -> tuple[Access, ...]:
        """The buffer elements that the op names."""
        return tuple(value for item, value in self.operand_fields() if item.role == "access")

    def touches(self) -> Iterator[tuple[Access, tuple[str, ...]]]:
        """The buffer elements that the op names, and how it touches each: see `OpField`."""
        for item, value in self.operand_fields():
            if item.role == "access":
                yield value, item.touches

    def touched(self, how: str) -> tuple[Access, ...]:
        """The buffer elements that the op touches so: see `OpField`."""
        return tuple(access for access, hows in self.touches() if how in hows)

    @property
    def out(self) -> Value:
        """The one result."""
        (only,) = self.results
        return only

    def mapped(
        self, values: Mapping[Value, Value], indices: Mapping[str, Expr] | None = None
    ) -> Self:
        """The same op on other operands and with other index symbols; it has results of its own."""
        env = indices or {}
        changes: dict[str, Any] = {}
        for item in self.fields():
            old = getattr(self, item.name)
            match item.role:
                case "operand" | "optional":
                    changes[item.name] = values.get(old, old)
                case "operands":
                    changes[item.name] = tuple(values.get(v, v) for v in old)
                case "access":
                    buffer = values.get(old.buffer, old.buffer)
                    moved = tuple(i.substitute(env) for i in old.indices)
                    changes[item.name] = Access(buffer, moved, old.span)
                case _ if isinstance(old, Expr | Condition):
                    changes[item.name] = old.substitute(env)
                case _ if item.hint == tuple[Expr, ...]:
                    changes[item.name] = tuple(each.substitute(env) for each in old)
        names = tuple(v.name for v in self.results)
        return replace(self, named=names, **changes)

    def reject(
        self, code: str, message: str, *marked: str, help: str | None = None, **labels: str
    ) -> TileError:
        """An error at this op: `marked[0]` is the operand or attribute under the caret."""
        order = list(dict.fromkeys([*marked, *labels]))
        spans = {name: self.loc.parts.get(name) for name in order}
        shown = [Label(span, labels.get(name, "")) for name, span in spans.items() if span]
        if not shown and self.loc.span:
            shown = [Label(self.loc.span)]
        notes = [] if shown else [f"{name}: {text}" for name, text in labels.items()]
        return error(code, message, *shown, help=help, notes=[*notes, *self.loc.notes])

    def placed(self, problem: TileError) -> TileError:
        """An error of one of its index expressions, at the op if it has no place, and its calls."""
        first = problem.diagnostics[0]
        if not first.labels:
            return self.reject(first.code, first.message)
        return TileError(replace(first, notes=(*first.notes, *self.loc.notes)))


@dataclass(frozen=True, eq=False)
class Block:
    """Statements in order, and the values that they hand to the statement around them."""

    ops: tuple[Op, ...]
    yields: tuple[Value, ...] = ()
    yield_loc: Loc = Loc()

    @property
    def leaves(self) -> bool:
        """Whether it ends the thread block, by a `return`, and so hands on nothing."""
        return bool(self.ops) and self.ops[-1].name == "return"

    def walk(self) -> Iterator[Op]:
        """Every op in it, those of inner blocks after the op that holds them."""
        for op in self.ops:
            yield op
            for inner in op.blocks:
                yield from inner.walk()

    def uses(self) -> Counter[Value]:
        """How often each tile is an operand, or yielded, in it and in the blocks inside it."""
        found = Counter(self.yields)
        for op in self.walk():
            found.update(op.operands)
            for inner in op.blocks:
                found.update(inner.yields)
        return found


def _lacks_nan(kind: DType) -> bool:
    return isinstance(kind, FloatType) and kind.format.nan_code is None


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
def _declared(kind: type[Any]) -> tuple[OpField, ...]:
    hints = get_type_hints(kind, include_extras=True)
    base = {item.name for item in fields(Op)}
    return tuple(
        OpField(
            name=item.name,
            role=_ROLES.get(hints[item.name], "attribute"),
            hint=hints[item.name],
            default=item.default,
            touches=getattr(hints[item.name], "__metadata__", ()),
        )
        for item in fields(kind)
        if item.name not in base
    )
