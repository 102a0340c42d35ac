"""All features of hardware together: a few designs here, hundreds with ``--long``.

Each is simulated with back-pressure, and driven through its buses by its own testbench, launch
after launch: values of the machine on the program as it was written, cycles as predicted.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import Phase, given, settings

from hdl.sim.external import missing
from tests.hdl.combinations import Case, cases, check
from tests.hdl.families import FAMILIES, program

KEPT = {
    # words of 32 bits are written in decimal in Verilog, and so were no word of a file
    "memory files": Case(
        "in place", 3, 3, (6, 6, 6),
        {"lanes": 5, "control": "wishbone", "ports": {"*": "axi4"}, "bus_bits": 1024, "burst": 4},
        files=True, stall=0.7, seed=82,
    ),
    "memory, engines, relaunch": Case(
        "an exchange in each block", 1, 4, (4, 4),
        {"engines": 2, "control": "axi-lite", "ports": {"y": "axi4", "*": "wishbone"}},
        simulator="icarus", stall=0.3, seed=1,
    ),
    "sizes, engines, every bus": Case(
        "gemv in chunks", 2, 4, (8, 2, 6, 8),
        {
            "dot": "bitserial", "lanes": 3, "engines": 2, "control": "axi-lite", "runtime": "N",
            "ports": {"w": "axi4", "x": "axi-stream", "y": "wishbone"}, "bus_bits": 32, "burst": 2,
        },
        stall=0.3, seed=2,
    ),
    "a memory that is only read": Case(
        "gather from a memory", 1, 4, (4, 1, 4),
        {"lanes": 4, "control": "wishbone", "ports": {"x": "axi4"}, "runtime": "N"}, seed=4,
    ),
}  # fmt: skip


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """The quick part draws three designs; --long four hundred."""
    if "drawn" in metafunc.fixturenames:
        many = metafunc.config.getoption("long")
        metafunc.parametrize("drawn", [400 if many else 3])


@pytest.mark.parametrize("name", KEPT)
def test_designs_that_were_wrong_or_are_rare(name: str, tmp_path: Path) -> None:
    assert check(usable(KEPT[name]), tmp_path) == "built"


def test_random_designs(drawn: int, tmp_path_factory: pytest.TempPathFactory) -> None:
    ends: list[str] = []

    @settings(max_examples=drawn, phases=[Phase.explicit, Phase.generate, Phase.shrink])
    @given(cases())
    def each(case: Case) -> None:
        ends.append(check(usable(case), tmp_path_factory.mktemp("design")))

    each()
    if drawn > 100:
        assert_wide(ends)


def assert_wide(ends: Sequence[str]) -> None:
    """Half of many designs are built; others meet what has no hardware."""
    assert ends.count("built") > len(ends) / 3
    assert {"TV0506", "TV0621", "TV0622", "TV0623"} <= set(ends)


def usable(case: Case) -> Case:
    """The case, in Amaranth's simulator where its own is not installed."""
    if case.simulator == "amaranth" or missing(case.simulator) is None:
        return case
    return Case(**{**vars(case), "simulator": "amaranth"})


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_is_well_formed(family: str) -> None:
    assert program(family, 2, 3).params
