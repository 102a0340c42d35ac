"""One way to write a random statement for each family of ops that compute on integers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from math import prod

from hypothesis import strategies as st

from tilevm.dtypes import dtype
from tilevm.ir import TileType, Value, ops
from tilevm.layouts import spatial
from tilevm.testing.strategies import dtypes, layouts, shapes
from tilevm.testing.writer import Writer

Family = Callable[[Writer], Value | None]  # None: nothing of the family fits here
FAMILIES: list[Family] = []


def family(write: Family) -> Family:
    """Registers a family: from now on random programs hold what it writes."""
    FAMILIES.append(write)
    return write


@family
def loaded(w: Writer) -> Value:
    return w.load(TileType(w.draw(dtypes()), w.draw(shapes(0, 3, w.room))))


@family
def constant(w: Writer) -> Value:
    return w.constant(TileType(w.draw(dtypes()), w.draw(shapes(0, 2, w.room))))


@family
def arithmetic(w: Writer) -> Value:
    a = w.any_value()
    kind = w.pick(("add", "sub", "mul"))
    return w.op(kind, a, w.of_type(a.tile), overflow=w.pick(("wrap", "wrap", "sat")))


@family
def bitwise(w: Writer) -> Value:
    a = w.any_value()
    return w.op(w.pick(("and", "or", "xor", "min", "max")), a, w.of_type(a.tile))


@family
def unary(w: Writer) -> Value:
    a = w.any_value()
    if w.rarely(2):
        return w.op("not", a)
    return w.op("neg", a, overflow=w.pick(("wrap", "sat")))


@family
def shift(w: Writer) -> Value:
    a = w.any_value()
    # a signed amount could be negative
    bits = w.pick((1, 2, 3, 7, 8, 64))
    n = w.of_type(a.tile.of(f"u{bits}"))
    if w.rarely(2):
        return w.op("shr", a, n)
    return w.op("shl", a, n, overflow=w.pick(("wrap", "sat")))


@family
def choice(w: Writer) -> Value:
    a = w.any_value()
    b = w.of_type(a.tile)
    c = w.op("compare", a, b, pred=w.pick(("eq", "ne", "lt", "le", "gt", "ge")))
    other = w.of_type(w.any_value().tile.with_shape(*a.tile.shape))
    return w.op("select", c, other, w.of_type(other.tile)) if w.rarely(2) else c


@family
def cast(w: Writer) -> Value:
    return w.op("cast", w.any_value(), to=w.draw(dtypes()), overflow=w.pick(("wrap", "sat")))


@family
def reshape(w: Writer) -> Value:
    a = w.any_value()
    return w.op("reshape", a, shape=_split(w, a.tile.size))


@family
def transpose(w: Writer) -> Value:
    a = w.any_value()
    order = w.draw(st.permutations(range(a.tile.rank)))
    return w.op("transpose", a, perm=tuple(order))


@family
def broadcast(w: Writer) -> Value | None:
    a = w.any_value()
    shape = [w.pick((1, 2, 3, 4)) if extent == 1 else extent for extent in a.tile.shape]
    if a.tile.rank < 3 and w.rarely(2):
        shape.insert(0, w.pick((1, 2, 3, 5)))
    return w.op("broadcast", a, shape=tuple(shape)) if w.fits(shape) else None


@family
def pad(w: Writer) -> Value | None:
    a = w.any_value()
    low, high = (tuple(w.pick((0, 0, 1, 2)) for _ in a.tile.shape) for _ in range(2))
    if not w.fits([sum(e) for e in zip(low, a.tile.shape, high, strict=True)]):
        return None
    kind = a.tile.dtype
    return w.op("pad", a, low=low, high=high, value=w.pick((0, int(kind.min), int(kind.max))))


@family
def view(w: Writer) -> Value | None:
    a = w.any_value()
    old = a.tile
    bits = old.size * old.dtype.bits
    widths = [b for b in range(1, 65) if bits % b == 0 and bits // b <= w.room]
    if not w.written_layouts or w.rarely(2):
        if not widths or old.layout is not None:
            return None
        kind = dtype(f"{w.pick('iu')}{w.pick(widths)}")
        return _view(w, a, TileType(kind, _split(w, bits // kind.bits)))
    if old.layout is None or old.layout.copies > 1:
        copy = w.draw(layouts(old.shape, copies=False))
        zero = w.op("full", old.with_shape(*old.shape), value=0)
        a = w.builder.emit(ops.Add, (a, zero), {}, name=w.name("v"), type=replace(old, layout=copy))
        w.values.append(a)
        old = a.tile
    assert old.layout is not None
    per_place = old.layout.steps * old.dtype.bits
    widths = [b for b in range(1, 65) if per_place % b == 0]
    kind = dtype(f"{w.pick('iu')}{w.pick(widths)}")
    places, steps = old.layout.places, per_place // kind.bits
    if not w.fits([places, steps]):
        return None
    layout = spatial(places, 1).local(1, steps)
    return _view(w, a, TileType(kind, (places, steps), layout))


@family
def dot(w: Writer) -> Value | None:
    a = w.any_value()
    if a.tile.rank not in (1, 2) or prod(a.tile.shape[:-1]) > w.room:
        return None
    depth = a.tile.shape[-1]
    columns = w.pick((None, 1, 2, 3, 4, 5, 8))
    shape = (depth,) if columns is None else (depth, columns)
    if not w.fits(shape) or not w.fits((prod(a.tile.shape[:-1]), columns or 1)):
        return None
    # products over the whole depth: keep them few
    if prod(a.tile.shape) * (columns or 1) > 4 * w.room:
        return None
    b = w.of_type(TileType(w.draw(dtypes()), shape))
    operands = (a, b)
    if a.tile.rank == 1 and columns is None and w.rarely(2):
        operands = (b, a)
    return w.op("dot", *operands, acc=w.draw(dtypes()))


@family
def reduction(w: Writer) -> Value | None:
    a = w.any_value()
    if not a.tile.rank:
        return None
    dims = w.draw(st.sets(st.integers(0, a.tile.rank - 1), min_size=w.pick((1, 1, 0))))
    over = None if w.rarely(5) else tuple(sorted(dims))
    if w.rarely(2):
        return w.op(w.pick(("amax", "amin")), a, dims=over)
    return w.op("sum", a, dims=over, acc=w.draw(dtypes()))


@family
def planes(w: Writer) -> Value | None:
    a = w.any_value()
    return w.op("bit_planes", a) if w.fits((a.dtype.bits, *a.tile.shape)) else None


@family
def weighted(w: Writer) -> Value | None:
    a = w.any_value()
    if not a.tile.rank:
        return None
    return w.op("shift_add", a, signed=w.pick((False, True)), acc=w.draw(dtypes()))


@family
def subset_sums(w: Writer) -> Value | None:
    a = w.any_value()
    groups = [g for g in (1, 2, 3, 4, 5) if a.tile.rank and a.tile.shape[-1] % g == 0]
    groups = [g for g in groups if a.dtype.bits + (g - 1).bit_length() <= 64]
    groups = [g for g in groups if w.fits((a.tile.size // g, 1 << g))]
    return w.op("subset_sums", a, group=w.pick(groups)) if groups else None


@family
def lookup(w: Writer) -> Value | None:
    table = w.any_value()
    if not table.tile.rank or table.tile.shape[-1] < 2:
        return None
    *lead, entries = table.tile.shape
    bits = w.number(1, entries.bit_length() - 1)
    shape = [w.pick((1, 2, 3)) if extent == 1 else extent for extent in lead]
    if len(shape) < 3 and w.rarely(2):
        shape.insert(0, w.pick((1, 2, 3, 5)))
    if not w.fits(shape):
        return None
    return w.op("lookup", table, w.of_type(TileType(dtype(f"u{bits}"), tuple(shape))))


@family
def through_shared_memory(w: Writer) -> Value | None:
    """A tile stored to shared memory in full, maybe overwritten in part, and loaded in part."""
    a = w.any_value()
    if not a.tile.rank or not w.rarely(2):
        return None
    lead = w.number(0, 1)
    at = [w.pick((0, 0, 1)) for _ in a.tile.shape]
    shape = [n + o + w.pick((0, 0, 1)) for n, o in zip(a.tile.shape, at, strict=True)]
    kind = a.tile.with_shape(*(2,) * lead, *shape)
    buffer = w.builder.alloc_shared(kind, name=w.name("s"))
    w.builder.store(a, buffer[(*(1,) * lead, *at)])
    if w.rarely(2):
        part = a.tile.with_shape(*(w.number(1, n) for n in a.tile.shape))
        w.builder.store(w.of_type(part), buffer[(*(1,) * lead, *at)])
    w.builder.barrier()
    begin = [w.number(0, n - 1) for n in a.tile.shape]
    sizes = [w.number(1, n - b) for n, b in zip(a.tile.shape, begin, strict=True)]
    first = tuple(o + b for o, b in zip(at, begin, strict=True))
    loaded: Value = w.builder.load(
        buffer[(*(1,) * lead, *first)], type=a.tile.with_shape(*sizes), name=w.name("v")
    )
    w.values.append(loaded)
    return loaded


def _split(w: Writer, size: int) -> tuple[int, ...]:
    """A shape of this many elements."""
    found: list[int] = []
    for _ in range(w.number(0 if size == 1 else 1, 3) - 1):
        found.append(w.pick([d for d in range(1, size + 1) if size % d == 0]))
        size //= found[-1]
    return (*found, size) if size > 1 or found or w.rarely(2) else ()


def _view(w: Writer, a: Value, kind: TileType) -> Value:
    value: Value = w.builder.view(a, type=kind, name=w.name("v"))
    w.values.append(value)
    return value
