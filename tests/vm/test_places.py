"""Where tiles lie: every kind of place against addresses worked out one by one."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

import tilevm
from tilevm.vm.places import Regular, Starting


@given(st.data())
def test_places_are_their_addresses(data: st.DataObject) -> None:
    """Reading, writing and naming elements, of tiles anywhere in a row-major buffer."""
    extents = data.draw(st.lists(st.integers(1, 5), min_size=1, max_size=3))
    rank = data.draw(st.integers(0, len(extents)))
    shape = tuple(data.draw(st.integers(1, e)) for e in extents[len(extents) - rank :])
    strides = tuple(int(np.prod(extents[d + 1 :])) for d in range(len(extents)))
    blocks = data.draw(st.integers(1, 4))
    tile = (1,) * (len(extents) - rank) + shape
    starts = [[data.draw(st.integers(0, e - t)) for e, t in zip(extents, tile, strict=True)]
              for _ in range(blocks)]  # fmt: skip
    base = np.array([sum(i * s for i, s in zip(at, strides, strict=True)) for at in starts])
    own = strides[len(extents) - rank :]
    wanted = np.array(
        [[b + sum(i * s for i, s in zip(at, own, strict=True)) for at in np.ndindex(*shape)]
         for b in base.tolist()]
    ).reshape(blocks, *shape)  # fmt: skip
    steps = set(np.diff(base).tolist())
    kinds: list[Regular | Starting] = [Starting(base, shape, own)]
    if len(steps) <= 1:
        kinds.append(Regular(blocks, int(base[0]), min(steps, default=0), shape, own))
    for places in kinds:
        assert np.array_equal(places.addresses(), wanted)
        flat = np.arange(int(np.prod(extents)), dtype=np.int16)
        assert np.array_equal(places.get(flat), wanted)
        for at in np.ndindex(*wanted.shape):
            assert places.address(at) == wanted[at]
        assert [int(places.start(n)) for n in range(blocks)] == base.tolist()
        written = flat.copy()
        places.put(written, np.int16(-1))
        assert set(np.flatnonzero(written == -1)) == set(wanted.reshape(-1).tolist())
        values = np.arange(wanted.size, dtype=np.int16).reshape(wanted.shape) - 1000
        places.put(written, values)
        assert np.isin(written[wanted], values).all()


def test_blocks_in_no_order() -> None:
    """Tiles that go round a grid of two dimensions: read, written, and read again."""
    program = tilevm.parse("""
kernel k(x: global i8[4, 6], y: global i8[4, 6], z: global i8[4, 6])
  grid (m = 2, n = 3)
{
  t: i8[2, 2] = load x[(m + n) % 2 * 2, n * 2]
  store t, y[m * 2, n * 2]
  barrier
  u: i8[2, 2] = load y[m * 2, n * 2]
  none = sub u, u
  barrier
  store none, y[m * 2, n * 2]
  s = add u, none
  store s, z[m * 2, n * 2]
}
""")["k"]
    x = np.arange(24, dtype=np.int8).reshape(4, 6)
    wanted = x.copy()
    wanted[:, 2:4] = np.roll(x[:, 2:4], 2, axis=0)
    for chunk in (1, 1 << 20):
        for _ in range(3):
            found = tilevm.run(program, x=x, chunk_bytes=chunk)
            assert np.array_equal(found["z"], wanted) and not found["y"].any()
        assert np.array_equal(tilevm.run(program, x=x, check=True)["z"], wanted)
