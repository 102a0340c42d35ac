"""Programs from Python: every op is a method, and the result equals the same program as text.

>>> from tilevm.ir import Builder, Sym
>>> k = Builder("double")
>>> x, y = k.buffer("x", "i8", "N"), k.buffer("y", "i8", "N")
>>> k.where(Sym("N") % 16, "==", 0)
>>> n = k.grid("n", Sym("N") / 16)
>>> t = k.load(x[n * 16], type="i8[16]", name="t")
>>> s = k.add(t, t, overflow="sat", name="s")
>>> k.store(s, y[n * 16])
>>> print(k.kernel(), end="")
kernel double(x: global i8[N], y: global i8[N])
  where N % 16 == 0
  grid (n = N / 16)
{
  t: i8[16] = load x[n * 16]
  s = add t, t {overflow = sat}
  store s, y[n * 16]
}
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tilevm.diagnostics import error
from tilevm.dtypes import DType, dtype
from tilevm.ir.block import Block
from tilevm.ir.control import For, If, While
from tilevm.ir.function import Call, Function
from tilevm.ir.index import COMPARISONS, Condition, Expr, Sym, as_expr
from tilevm.ir.kernel import Kernel, Program
from tilevm.ir.loc import Loc
from tilevm.ir.op import REGISTRY, Op
from tilevm.ir.ops.static import StaticAssert
from tilevm.ir.spellings import instead
from tilevm.ir.types import BufferType, Scaling, TileType
from tilevm.ir.value import Access, Value
from tilevm.ir.verify import verify

Index = Expr | int | str


@dataclass
class Frame:
    """A block under construction."""

    ops: list[Op] = field(default_factory=list)
    yields: tuple[Value, ...] = ()

    def block(self) -> Block:
        return Block(tuple(self.ops), self.yields)


@dataclass
class Loop:
    """A loop under construction: its variable, its carried values, and after it the results."""

    index: Sym | None  # None: a `while` counts nothing
    carried: tuple[Value, ...]
    results: tuple[Value, ...] = ()

    def __getitem__(self, number: int) -> Value:
        return self.carried[number]


class Draft:
    """A function under construction: its parameters by name, and after it the function."""

    def __init__(self, name: str, params: Sequence[Value]) -> None:
        self.name = name
        self.params = {param.name: param for param in params}
        self.function: Function | None = None

    def __getitem__(self, name: str) -> Value:
        return self.params[name]


class Builder:
    """Builds one kernel, statement by statement; a wrong one raises TileError at once."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._params: list[Value] = []
        self._where: list[Condition] = []
        self._grid: list[tuple[str, Expr]] = []
        self._frames = [Frame()]
        self._used: set[str] = set()

    # --- the head

    def buffer(
        self,
        name: str,
        element: str | DType,
        shape: Index | Sequence[Index],
        scaled: Scaling | None = None,
    ) -> Value:
        """A global buffer, as the next parameter; `companion` gives those of a scaled one."""
        if not isinstance(scaled, Scaling | None):
            raise TypeError(f"scaled is a Scaling, not {scaled!r}; extents are one list: [8, 4]")
        listed = shape if isinstance(shape, Sequence) and not isinstance(shape, str) else (shape,)
        kind = BufferType("global", dtype(element), tuple(as_expr(e) for e in listed), scaled)
        made = Value(self._fresh(name), kind)
        others = (Value(self._fresh(n), k) for n, k in kind.companions(name))
        self._params.extend([made, *others])
        return made

    def companion(self, buffer: Value, part: str) -> Value:
        """The buffer of the scales (`part` = "scale") or zero points ("zero") of a scaled one."""
        wanted = f"{buffer.name}_{part}"
        found = [param for param in self._params if param.name == wanted]
        if not found:
            raise error("TV0101", f"buffer `{buffer.name}` has no companion `{wanted}`")
        return found[0]

    def where(self, a: Index, op: str, b: Index) -> None:
        """A constraint that is checked at launch, such as ``where(Sym("N") % 16, "==", 0)``."""
        self._where.append(condition(a, op, b))

    def grid(self, name: str, extent: Index) -> Sym:
        """One more dimension of the grid of thread blocks; returns the block's id in it."""
        self._grid.append((self._fresh(name), as_expr(extent)))
        return Sym(name)

    # --- statements

    def __getattr__(self, name: str) -> Callable[..., Any]:
        plain = name.rstrip("_")  # `and_`, `or_`, `not_`, `print_`
        if plain not in REGISTRY:
            if name.startswith("__"):
                raise AttributeError(name)
            raise error("TV0103", f"there is no op `{plain}`", help=instead(plain))

        def build(
            *operands: Any,
            name: str | Sequence[str] | None = None,
            type: str | TileType | None = None,
            **attributes: Any,
        ) -> Any:
            return self.emit(REGISTRY[plain], operands, attributes, name=name, type=type)

        return build

    def emit(
        self,
        kind: type[Op],
        operands: Sequence[Any],
        attributes: Mapping[str, Any],
        name: str | Sequence[str] | None = None,
        type: str | TileType | None = None,
        loc: Loc = Loc(),
    ) -> Any:
        """Appends an op; returns its result, a tuple of them, or None.  `name`: for each result."""
        declared = [item for item in kind.fields() if item.by_place]
        if declared and declared[-1].role == "operands" and len(operands) >= len(declared):
            operands = (*operands[: len(declared) - 1], tuple(operands[len(declared) - 1 :]))
        if len(operands) != len(declared):
            wanted = ", ".join(item.name for item in declared) or "none"
            raise error(
                "TV0202",
                f"`{kind.name}` takes {len(declared)} operands ({wanted}), not {len(operands)}",
            )
        allowed = {item.name: item for item in kind.fields() if not item.by_place}
        for key in attributes:
            if key not in allowed:
                raise error(
                    "TV0104",
                    f"`{kind.name}` has no attribute `{key}`",
                    help=kind.attribute_hint(key),
                )
        for key, item in allowed.items():
            if item.required and key not in attributes:
                raise error("TV0207", f"`{kind.name}` needs the attribute `{key}`")
        given: dict[str, Any] = dict(attributes)
        for item, value in zip(declared, operands, strict=True):
            given[item.name] = _operand(item.role, value)
        written = TileType.parse(type) if isinstance(type, str) else type
        count = len(kind(written=written, loc=loc, **given).results)
        listed = [name] if isinstance(name, str) else name or []
        labels = [*map(self._fresh, listed)] or [self._unused(kind.name, i) for i in range(count)]
        op = kind(written=written, loc=loc, named=tuple(labels), **given)
        self._used.update(value.name for value in op.results)
        return self.append(op)

    def append(self, op: Op) -> Any:
        """Appends a finished op; returns its result, a tuple of them, or None."""
        self._frames[-1].ops.append(op)
        if not op.results:
            return None
        return op.results[0] if len(op.results) == 1 else op.results

    @contextmanager
    def loop(
        self,
        var: str,
        lo: Index,
        hi: Index,
        step: Index = 1,
        carry: Mapping[str, Value] | None = None,
        names: Sequence[str] = (),
        *,
        unroll: int | None = None,
        pipeline: int | None = None,
    ) -> Iterator[Loop]:
        """``with k.loop("k", 0, 8, carry={"sum": z}) as loop: ...``, ended by a `yield_`."""
        inits = dict(carry or {})
        index = Sym(self._fresh(var))
        with self._carrying(index, inits) as (loop, frame):
            yield loop
        op = For(
            var=var,
            lo=as_expr(lo),
            hi=as_expr(hi),
            step=as_expr(step),
            inits=tuple(inits.values()),
            params=loop.carried,
            unroll=unroll,
            pipeline=pipeline,
            body=frame.block(),
            named=self._results("for", names, len(inits)),
        )
        self.append(op)
        loop.results = op.results

    @contextmanager
    def while_(
        self, cond: str, carry: Mapping[str, Value], fuel: Index, names: Sequence[str] = ()
    ) -> Iterator[Loop]:
        """``with k.while_("go", {"x": a, "go": b}, fuel=100) as loop: ...``, ended by a `yield_`.

        `cond` names the carried ``u1[]`` tile that says whether there is another round.
        """
        if cond not in carry:
            raise error("TV0241", f"`{cond}` is not carried by the loop that it ends")
        with self._carrying(None, carry) as (loop, frame):
            yield loop
        op = While(
            number=list(carry).index(cond),
            fuel=as_expr(fuel),
            inits=tuple(carry.values()),
            params=loop.carried,
            body=frame.block(),
            named=self._results("while", names, len(carry)),
        )
        self.append(op)
        loop.results = op.results

    @contextmanager
    def _carrying(
        self, index: Sym | None, inits: Mapping[str, Value]
    ) -> Iterator[tuple[Loop, Frame]]:
        """A loop under construction, and the frame of its body."""
        params = tuple(Value(self._fresh(name), init.type) for name, init in inits.items())
        frame = Frame()
        self._frames.append(frame)
        try:
            yield Loop(index, params), frame
        finally:
            self._frames.pop()

    def _results(self, base: str, names: Sequence[str], count: int) -> tuple[str, ...]:
        return tuple(map(self._fresh, names)) or tuple(
            self._fresh(self._unused(base)) for _ in range(count)
        )

    def yield_(self, *values: Value) -> None:
        """The values that the loop's body hands to its next round."""
        self._frames[-1].yields = values

    def if_(
        self,
        cond: Condition | Value,
        then: Callable[[], Sequence[Value] | None],
        orelse: Callable[[], Sequence[Value] | None] = lambda: None,
        names: Sequence[str] = (),
    ) -> tuple[Value, ...]:
        """``if`` with each branch as a function that builds it and returns what it yields."""
        blocks = []
        for branch in (then, orelse):
            self._frames.append(Frame())
            self._frames[-1].yields = tuple(branch() or ())
            blocks.append(self._frames.pop().block())
        count = len(blocks[blocks[0].leaves].yields)
        labels = self._results("if", names, count)
        op = If(cond=cond, then=blocks[0], orelse=blocks[1], named=labels)
        self.append(op)
        return op.results

    def static_assert(self, condition: Condition, message: str = "") -> None:
        """A fact of shapes, such as ``static_assert(condition(Sym("N") % 4, "==", 0), "text")``."""
        self.append(StaticAssert(condition=condition, message=message))

    # --- functions

    @contextmanager
    def function(self, name: str, /, **params: str | TileType) -> Iterator[Draft]:
        """``with k.function("twice", a="i8[16]") as f: ...``, ended by a `yield_`; then `call`."""
        used, self._used = self._used, set()
        frames, self._frames = self._frames, [Frame()]
        try:
            kinds = {p: TileType.parse(t) if isinstance(t, str) else t for p, t in params.items()}
            made = [Value(self._fresh(param), kind) for param, kind in kinds.items()]
            draft = Draft(name, made)
            yield draft
            draft.function = Function(name, tuple(made), self._frames[0].block())
        finally:
            self._used, self._frames = used, frames

    def call(
        self,
        function: Function | Draft,
        *arguments: Value,
        name: str | Sequence[str] = (),
        type: str | TileType | None = None,
    ) -> Any:
        """Calls a function; returns its result, a tuple of them, or None."""
        called = function.function if isinstance(function, Draft) else function
        if called is None:
            message = f"`{function.name}` is called before its end"
            raise error("TV0107", message, help="call it behind the `with`")
        given = tuple(_operand("operand", argument) for argument in arguments)
        written = TileType.parse(type) if isinstance(type, str) else type
        count = len(called.body.yields)
        listed = [name] if isinstance(name, str) else name
        labels = [*map(self._fresh, listed)]
        labels = labels or [self._unused("call", number) for number in range(count)]
        op = Call(function=called, arguments=given, written=written, named=tuple(labels))
        self._used.update(labels)
        return self.append(op)

    # --- the result

    def kernel(self) -> Kernel:
        """The finished kernel, verified."""
        built = Kernel(
            self.name,
            tuple(self._params),
            tuple(self._where),
            tuple(self._grid),
            self._frames[0].block(),
        )
        verify(built)
        return built

    def program(self) -> Program:
        """The finished kernel as a program of its own."""
        kernel = self.kernel()
        return Program({kernel.name: kernel}, functions={f.name: f for f in kernel.functions})

    def _fresh(self, name: str) -> str:
        if name in self._used:
            raise error("TV0102", f"`{name}` is defined twice in kernel `{self.name}`")
        self._used.add(name)
        return name

    def _unused(self, base: str, number: int = 0) -> str:
        stem = f"{base}_"
        while f"{stem}{number}" in self._used:
            number += 1
        return f"{stem}{number}"


def condition(a: Index, op: str, b: Index) -> Condition:
    """A comparison of index expressions; ValueError for an unknown operator."""
    if op not in COMPARISONS:
        raise ValueError(f"a comparison is one of {' '.join(COMPARISONS)}, not {op!r}")
    return Condition(op, as_expr(a), as_expr(b))


def _operand(role: str, value: Any) -> Any:
    if role == "type" and isinstance(value, str):
        return TileType.parse(value)
    if role == "operands":
        return tuple(_operand("operand", each) for each in value)
    wanted = {"operand": Value, "access": Access, "type": TileType}[role]
    if not isinstance(value, wanted):
        raise error("TV0202", f"an operand must be a {wanted.__name__}, not {value!r}")
    return value
