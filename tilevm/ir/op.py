"""The base of every op.  A subclass declares the op once: operands, attributes, type rule, meaning.

A subclass is a frozen dataclass, whose fields are operands and attributes: `tilevm.ir.fields` says
which annotation means what.

``result()`` is the type rule, and so the verifier: building an op checks it.  ``run()`` is its
meaning in NumPy, on arrays with a leading axis of thread blocks (of extent 1 where the value is the
same in all blocks).
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, ClassVar, Self

from tilevm.diagnostics import Label, TileError, error, nearest
from tilevm.dtypes import CodebookType, DType, FloatType
from tilevm.ir.attribute import coerce
from tilevm.ir.block import Block
from tilevm.ir.fields import OpField, Role, declared
from tilevm.ir.index import Condition, Expr
from tilevm.ir.loc import Loc
from tilevm.ir.types import BufferType, TileType, Type
from tilevm.ir.value import Access, Value

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
        """Whether a checked run reports integers and fixed point beyond the type of the result.

        So where `overflow` is left open (None).  ``replace(op, overflow="trap")`` is the op that
        stops at the first such element.
        """
        left_open = getattr(self, "overflow", "wrap") is None
        return left_open and any(value.dtype.wraps for value in self.results)

    # --- what the rest of the system asks

    @property
    def matters(self) -> bool:
        """Whether a run differs without it even if nobody reads its results."""
        return not self.pure or self.may_stop

    @property
    def follows_data(self) -> bool:
        """Whether values of tiles say which elements of buffers it touches, or whether it does."""
        return bool(self.accesses) and getattr(self, "index", None) is not None

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
        return declared(kind, Op)

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

    @cached_property
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


def _lacks_nan(kind: DType) -> bool:
    return isinstance(kind, FloatType) and kind.format.nan_code is None
