"""Launches smaller than the design: `simulate(N=...)`, and what is said where one hangs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import hdl
import tilevm
from hdl.sim import run
from tests.hdl.designs import fork
from tests.hdl.families import program
from tilevm.diagnostics import TileError


def built(family: str = "gemv", **options: Any) -> hdl.Design:
    return hdl.build(program(family, 2, 4), N=8, lanes=4, control="axi-lite", **options)


def arguments(rows: int) -> dict[str, Any]:
    rng = np.random.default_rng(rows)
    return {"w": rng.integers(-4, 4, (rows, 4)), "x": rng.integers(-128, 128, 4)}


@pytest.mark.parametrize("engines", [1, 2])
def test_every_size_has_its_values_and_its_cycles(engines: int) -> None:
    design = built(engines=engines, runtime="N")
    assert design.runtime is not None
    for rows in (2, 4, 6, 8):
        given = arguments(rows)
        for stall in (0.0, 0.5):
            result = design.simulate(given, N=rows, stall=stall, seed=rows)
            assert result.outputs["y"].tolist() == (given["w"] @ given["x"]).tolist()
            assert result.cycles == result.predicted and result.compared
            if not stall:
                assert result.cycles == design.runtime.cycles[rows // 2 - 1]


def test_the_arrays_tell_the_size() -> None:
    design = built(runtime="N")
    assert design.simulate(arguments(4)).outputs["y"].shape == (4,)
    assert built("constants", runtime="N").simulate().outputs["y"].shape == (8, 4)


@pytest.mark.parametrize(
    ("options", "given", "said"),
    [
        ({"runtime": "N"}, {"N": 10, **arguments(10)}, "a multiple of 2 from 2 to 8, not 10"),
        ({"runtime": "N"}, {"N": 3, **arguments(3)}, "a multiple of 2 from 2 to 8, not 3"),
        ({"runtime": "N"}, {"N": 4, **arguments(6)}, "TV0412"),
        ({"runtime": "N"}, {"N": True, **arguments(8)}, "not True"),
        ({}, {"N": 4, **arguments(4)}, "built for `N` = 8, not 4"),
    ],
)
def test_other_sizes_are_refused(options: dict[str, Any], given: dict[str, Any], said: str) -> None:
    with pytest.raises(TileError, match="TV0412") as refused:
        built(**options).simulate(given)
    assert said in str(refused.value)


def test_a_smaller_launch_that_hangs_names_its_ring() -> None:
    """Two of the four beats of x find room; the largest of all four is asked for before they go."""
    netlist, feeds = fork(depth=2), {"x": np.arange(4).reshape(4, 1)}
    with pytest.raises(TileError, match="TV0602") as caught:
        run(netlist, feeds, firings={"load": 4, "max": 4, "sub": 2, "store": 2})
    said = str(caught.value)
    assert all(f"`{unit}` at iteration" in said for unit in ("load", "max", "sub")), said
    assert "program.tile:1:1" in said and "`sub` 0 of 2" in said


def test_the_machine_is_that_of_the_program_as_written() -> None:
    """The rows that only a larger launch has are not compared, and not given."""
    design, given = built("rows less their maximum", runtime="N"), {"x": [[1, 2, 3, 4]] * 2}
    wanted = tilevm.run(program("rows less their maximum", 2, 4), given)
    for name, values in design.simulate(given).outputs.items():
        assert values.tolist() == wanted[name].tolist()
