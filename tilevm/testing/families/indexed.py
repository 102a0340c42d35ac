"""Elements found by index tiles: gather, scatter, take and atomics."""

from __future__ import annotations

from typing import Any

from tilevm.dtypes import dtype
from tilevm.ir import Access, Expr, Sym, TileType, Value
from tilevm.testing.families.family import family
from tilevm.testing.writer import Writer


def _index(w: Writer, shape: tuple[int, ...]) -> Value:
    """An index tile that goes with a tile of that shape: fewer dimensions, or extents of 1."""
    kept = shape[: w.number(1, len(shape))]
    reduced = tuple(1 if n > 1 and w.rarely(4) else n for n in kept)
    kind = w.pick(("u1", "u2", "i3", "u3", "i8", "u64"))
    return w.of_type(TileType(dtype(kind), reduced))


_DUPLICATES: tuple[dict[str, Any], ...] = (
    {"duplicate": "last"},
    {"duplicate": "add"},
    {"duplicate": "add", "overflow": "wrap"},
    {"duplicate": "add", "overflow": "sat"},
)


@family
def gathered(w: Writer) -> Value | None:
    """A tile of any kind and shape, from a buffer of its own."""
    kind = w.any_value().tile
    if not kind.rank or not kind.size:
        return None
    index = _index(w, kind.shape)
    lead = w.number(0, 1)
    buffer = w.buffer("x", kind, [*(2,) * lead, *(n + w.number(0, 2) for n in kind.shape)])
    w.inputs.append(buffer)
    at = [w.pick((0, 0, 1, -1)) for _ in range(lead + kind.rank)]
    mode: dict[str, Any] = {"oob": w.pick(("zero", "value"))}
    if mode["oob"] == "value":
        mode |= {"value": int(kind.dtype.max)}
    found: Value = w.builder.gather(
        buffer[tuple(at)],
        index,
        type=TileType(kind.dtype, kind.shape),
        name=w.name("v"),
        dim=w.number(0, lead + kind.rank - 1),
        **mode,
    )
    w.values.append(found)
    return found


@family
def scattered(w: Writer) -> None:
    """A tile scattered to where no other thread block stores."""
    a = w.any_value()
    if not a.tile.rank or not a.tile.size:
        return
    grid = [level for level in w.levels if level.is_grid]
    ids: list[Expr] = [Sym(level.name) for level in grid]
    extents = [w.number(1, n + 1) for n in a.tile.shape]
    buffer = w.buffer("y", a.tile, [*(len(level.values) for level in grid), *extents])
    at: list[Expr | int | str] = [*ids, *(w.pick((0, 0, 1, -1)) for _ in extents)]
    if any(not level.is_grid for level in w.levels):
        w.builder.barrier()  # other threads stored there in the round before
    w.builder.scatter(
        a,
        buffer[tuple(at)],
        _index(w, a.tile.shape),
        dim=w.number(len(grid), len(at) - 1),
        oob="skip",
        **w.pick(_DUPLICATES),
    )


@family
def taken(w: Writer) -> Value | None:
    """Elements of a tile, by indices that it has."""
    a = w.any_value()
    dims = [d for d, n in enumerate(a.tile.shape) if n > 1]
    if not dims:
        return None
    dim = w.pick(dims)
    shape = list(a.tile.shape)
    shape[dim] = w.number(1, 4)
    if not w.fits(shape):
        return None
    most = max(bits for bits in (1, 2, 3) if 1 << bits <= a.tile.shape[dim])
    kind = TileType(dtype(f"u{most}"), tuple(shape[: w.number(dim + 1, len(shape))]))
    return w.op("take", a, w.of_type(kind), dim=dim)


@family
def updated(w: Writer) -> None:
    """Atomics on a buffer in which all thread blocks meet, or on shared memory."""
    a = w.any_value()
    if not a.tile.size:
        return
    extents = [w.number(1, 3) for _ in range(max(1, a.tile.rank))]
    kind = TileType(a.dtype, tuple(extents))
    if w.rarely(3):
        buffer = w.builder.alloc_shared(kind, name=w.name("s"))
        w.builder.store(w.of_type(kind), buffer[(0,) * len(extents)])
        w.builder.barrier()
    else:
        buffer = w.buffer("y", kind, extents)
    for _ in range(w.number(1, 2)):
        _update(w, a, Access(buffer, buffer[(0,) * len(extents)].indices))
    if buffer.type.space == "shared":
        w.builder.barrier()
        w.values.append(w.builder.load(buffer[(0,) * len(extents)], type=kind, name=w.name("v")))


def _update(w: Writer, a: Value, at: Access) -> None:
    attributes: dict[str, Any] = {"oob": "skip"}
    if a.tile.rank and w.rarely(2):
        attributes |= {"index": _index(w, a.tile.shape), "dim": w.number(0, a.tile.rank - 1)}
    if w.rarely(2):
        attributes["name"] = w.name("v")
    if w.rarely(5):
        found = w.builder.atomic_cas(w.of_type(a.tile), a, at, **attributes)
    else:
        kinds = ("add", "min", "max", "and", "or", "xor", "exchange")
        kind = w.pick(kinds)
        if kind == "add":
            attributes["overflow"] = w.pick((None, "wrap", "sat"))
        found = w.builder.atomic(a, at, op=kind, **attributes)
    if found is not None:
        w.values.append(found)
