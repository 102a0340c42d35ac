"""What cannot be done is refused, by a message that names both sides."""

from collections.abc import Callable

import numpy as np
import pytest

from tilevm.diagnostics import CODES, TileError
from tilevm.layouts import Layout, Mode, column_local, local, replicated, spatial

REFUSED: list[tuple[Callable[[], object], str, str]] = [
    (lambda: local(0), "TV0331", "extents must be positive integers, not local(0)"),
    (lambda: spatial(2, -3), "TV0331", "extents must be positive integers, not spatial(2, -3)"),
    (lambda: local(2.0), "TV0331", "extents must be positive integers, not local(2.0)"),
    (lambda: local(True), "TV0331", "extents must be positive integers, not local(True)"),
    (lambda: replicated(0), "TV0331", "extents must be positive integers, not replicated(0)"),
    (
        lambda: column_local("2"),
        "TV0331",
        "extents must be positive integers, not column_local('2')",
    ),
    (
        lambda: spatial(2**40).local(2**40),
        "TV0331",
        f"a layout of {2**40} places and {2**40} steps is too large: places times steps must be "
        "below 2**63",
    ),
    (lambda: local(*[1] * 65), "TV0331", "a layout has at most 64 dimensions, not 65"),
    (
        lambda: Layout((4,), (Mode(0, 1, 2),), ()),
        "TV0331",
        "the digits [Mode(dim=0, stride=1, extent=2)] do not write each element of a tile of "
        "shape [4] once",
    ),
    (
        lambda: Layout((1,), (), (Mode(None, 0, 2),)),
        "TV0331",
        "the digits [Mode(dim=None, stride=0, extent=2)] do not write each element of a tile of "
        "shape [1] once",
    ),
    (
        lambda: local(2) * spatial(2, 3),
        "TV0332",
        "cannot multiply layouts of different rank: local(2) has rank 1 and spatial(2, 3) has "
        "rank 2",
    ),
    (
        lambda: local(2, 2) / local(2),
        "TV0332",
        "cannot divide layouts of different rank: local(2, 2) has rank 2 and local(2) has rank 1",
    ),
    (
        lambda: local(4) / local(3),
        "TV0333",
        "cannot divide local(4) by local(3): its shape [4] is not a multiple of [3]",
    ),
    (
        lambda: local(2).spatial(4) / local(2),
        "TV0333",
        "cannot divide local(2).spatial(4) by local(2): its steps do not end in those of the "
        "divisor",
    ),
    (
        lambda: spatial(4, 6) / spatial(2, 3),
        "TV0333",
        "cannot divide spatial(4, 6) by spatial(2, 3): its places do not end in those of the "
        "divisor",
    ),
    (
        lambda: local(2).spatial(4).left_divide(spatial(2)),
        "TV0333",
        "cannot divide local(2).spatial(4) by spatial(2) from the left: its places do not start "
        "with those of the divisor",
    ),
    (
        lambda: spatial(3, 4).reduce([2]),
        "TV0334",
        "dimensions of spatial(3, 4) must be different numbers from 0 to 1, not [2]",
    ),
    (
        lambda: spatial(3, 4).reduce([0, 0]),
        "TV0334",
        "dimensions of spatial(3, 4) must be different numbers from 0 to 1, not [0, 0]",
    ),
    (
        lambda: local().reduce([0]),
        "TV0334",
        "dimensions of local() must be none, as it has rank 0, not [0]",
    ),
    (
        lambda: spatial(3, 4).permute([1]),
        "TV0334",
        "permute needs all 2 dimensions of spatial(3, 4), not [1]",
    ),
    (
        lambda: spatial(3, 4).squeeze([0]),
        "TV0334",
        "squeeze needs dimensions of extent 1, but dimension 0 of spatial(3, 4) has extent 3",
    ),
    (
        lambda: spatial(3, 4).unsqueeze([3]),
        "TV0334",
        "new dimensions of spatial(3, 4) at rank 3 must be different numbers from 0 to 2, not [3]",
    ),
    (
        lambda: local(2).spatial(3).reshape([3, 2]),
        "TV0335",
        "local(2).spatial(3) cannot be reshaped to [3, 2]: the run of elements along one of its "
        "factors is cut unevenly by the new dimensions",
    ),
    (
        lambda: local(2).step_of([2]),
        "TV0336",
        "index [2] is outside the extents [2] of local(2)",
    ),
    (
        lambda: local(2).places_of([0, 0]),
        "TV0336",
        "index [0, 0] is outside the extents [2] of local(2)",
    ),
    (
        lambda: local(2).spatial(3).element(3, 0),
        "TV0336",
        "(place, step) [3, 0] is outside the extents [3, 2] of local(2).spatial(3)",
    ),
    (
        lambda: spatial(2**20).local(2**20).elements(),
        "TV0337",
        "the table of spatial(1048576).local(1048576) has 1048576 places x 1048576 steps, and "
        "tables end at 134217728 cells",
    ),
]


@pytest.mark.parametrize(("action", "code", "message"), REFUSED)
def test_refused(action: Callable[[], object], code: str, message: str) -> None:
    with pytest.raises(TileError) as caught:
        action()
    diagnostic = caught.value.diagnostics[0]
    assert (diagnostic.code, diagnostic.message) == (code, message)
    assert code in CODES


def test_numpy_integers_are_integers() -> None:
    two = np.int32(2)
    assert local(two).reshape([np.uint8(1), two]) == local(1, 2)
    assert local(two).step_of([np.int64(1)]) == 1


def test_other_operands_are_a_type_error() -> None:
    with pytest.raises(TypeError):
        local(2) * 3  # type: ignore[operator]
    with pytest.raises(TypeError):
        local(2) / 2  # type: ignore[operator]
    assert local(2) != "local(2)"
