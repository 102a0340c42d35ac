"""Shared memory, asynchronous copies, and loads that leave their buffer."""

from __future__ import annotations

from tilevm.ir import Value
from tilevm.testing.families.family import family
from tilevm.testing.writer import Writer


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
        w.builder.barrier()
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


@family
def load_with_a_value_outside(w: Writer) -> Value | None:
    """A tile that leaves its buffer on one side or both, filled up with a value of its type."""
    kind = w.any_value().tile
    if not kind.rank or not kind.size:
        return None
    buffer = w.buffer("x", kind, [w.number(1, n + 1) for n in kind.shape])
    w.inputs.append(buffer)
    at = [w.number(-2, 2) for _ in kind.shape]
    fill = w.pick((int(kind.dtype.min), int(kind.dtype.max), 0))
    loaded: Value = w.builder.load(
        buffer[tuple(at)], type=kind, name=w.name("v"), oob="value", value=fill
    )
    w.values.append(loaded)
    return loaded


@family
def through_asynchronous_copies(w: Writer) -> Value | None:
    """A tile copied to shared memory and on to a buffer, and loaded from there and from here."""
    kind = w.any_value().tile
    if not kind.rank or not kind.size:
        return None
    kind = kind.with_shape(*kind.shape)
    source = w.buffer("x", kind, [n + w.number(0, 2) for n in kind.shape])
    w.inputs.append(source)
    shared = w.builder.alloc_shared(kind, name=w.name("s"))
    at = tuple(w.pick((0, 0, 1, -1)) for _ in kind.shape)
    none = (0,) * kind.rank
    w.builder.copy_async(shared[none], source[at], shape=kind.shape, oob="zero")
    w.builder.commit()
    if w.rarely(2):
        part = tuple(w.number(1, n) for n in kind.shape)
        w.builder.wait()
        w.builder.barrier()
        w.builder.copy_async(shared[none], source[none], shape=part, oob="skip")
        w.builder.commit()
    w.builder.wait()
    w.builder.barrier()
    loaded: Value = w.builder.load(shared[none], type=kind, name=w.name("v"))
    w.values.append(loaded)
    return loaded
