"""Where a run is, as people read it: thread block, rounds of loops, elements."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tilevm.ir import Kernel, Value
from tilevm.vm.bind import Launch
from tilevm.vm.group import Group
from tilevm.vm.show import texts


def named(kernel: Kernel, grid: tuple[int, ...], block: int) -> str:
    """The ids of a thread block: "m = 0, n = 3"; empty without a grid."""
    ids = np.unravel_index(block, grid) if grid else ()
    pairs = zip(kernel.grid, ids, strict=True)
    return ", ".join(f"{name} = {int(at)}" for (name, _), at in pairs)


def where(launch: Launch, block: int, group: Group | None = None) -> list[str]:
    """The note that names a thread block, and the rounds of the loops that it is in."""
    ids = named(launch.kernel, launch.grid, block)
    said = [f"in thread block {ids}"] if ids else []
    if group is not None and group.loops:
        row = int(np.searchsorted(group.blocks, block))
        rounds = {name: group[name] for name in group.loops}
        values = {n: int(v if np.ndim(v) == 0 else v[row]) for n, v in rounds.items()}
        listed = (f"{name} = {value}" for name, value in values.items())
        said.append(("" if said else "in ") + "round " + ", ".join(listed))
    return [", ".join(said)] if said else []


def others(launch: Launch, blocks: Sequence[int]) -> list[str]:
    """The note that names blocks of a grid of several dimensions, which a message numbers."""
    if len(launch.grid) < 2:
        return []
    ids = {block: named(launch.kernel, launch.grid, block) for block in blocks}
    return ["; ".join(f"block {block} is {said}" for block, said in ids.items())]


def there(
    group: Group, row: int, place: tuple[int, ...], told: Sequence[Value], codes: bool = False
) -> str:
    """What some tiles of a block are at one place: "a = 3, b = 5 at [2]"."""
    said = []
    for tile in told:
        data = group.data(tile)
        value = np.asarray(data[row if len(data) > 1 else 0][place])
        (text,) = texts(tile.dtype, value)
        code = f" ({texts(tile.dtype, value, 'hex')[0]})" if codes else ""
        said.append(f"{tile.name} = {text}{code}")
    where = f" at {list(place)}" if place else ""
    return ", ".join(dict.fromkeys(said)) + where
