"""How every unit spends its cycles: the timed model and the simulation count the same.

`Design.simulate` compares them, so it is enough to simulate; random programs do so too
(test_programs_equal_vm.py), and random netlists (test_rtl_equals_model.py).
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import hdl
import tilevm
from hdl.check import compare_usage
from tests.examples.oracles import CASES
from tests.hdl.test_report import LAYOUTS, moved
from tests.hdl.test_view import GEMV
from tilevm.diagnostics import TileError
from tilevm.vm import bind

EXAMPLES = Path(__file__).parents[2] / "examples"
QUICK = ("embedding", "embedding_i8", "prefix_sums")
SLOW = (
    "w4a16",
    "w4a16_unfused",
    "mx_matmul",
    "base3_gemv",
    "base3_fraction_gemv",
)  # some seconds each
STALL = 0.3


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "example" in metafunc.fixturenames:
        long = metafunc.config.getoption("long")
        metafunc.parametrize("example", [*QUICK, *(SLOW if long else ())])


def agree(design: hdl.Design, arguments: dict[str, Any], seed: int) -> None:
    for stall in (0.0, STALL):
        timing, _ = design.timed(stall, seed)
        result = design.simulate(arguments, stall=stall, seed=seed)
        assert result.cycles == timing.cycles


def test_examples(example: str) -> None:
    kernel = tilevm.load(EXAMPLES / CASES[example][0])[example]
    arguments, _ = CASES[example][1](np.random.default_rng(1), 1, 1)
    sizes = bind(kernel, arguments).symbols
    agree(hdl.build(kernel, lanes=8, sizes=sizes), arguments, seed=1)


FORMS: list[dict[str, Any]] = [
    {"dot": "mac"},
    {"dot": "lut", "table": "activations"},
    {"dot": "lut", "table": "weights"},
    {"dot": "bitserial"},
    {"dot": "ternary"},
]


@pytest.mark.parametrize("form", FORMS, ids=lambda form: "-".join(form.values()))
def test_dot_forms(form: dict[str, Any]) -> None:
    text = GEMV.replace("i4", "i2") if form["dot"] == "ternary" else GEMV
    design = hdl.build(tilevm.parse(text)["gemv"], lanes=16, N=8, K=32, **form)
    rng = np.random.default_rng(2)
    w, x = rng.integers(-1, 2, (8, 32)), rng.integers(-128, 128, 32)
    agree(design, {"w": w, "x": x}, seed=2)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_layouts(layout: str) -> None:
    x = np.random.default_rng(3).integers(-128, 128, (12, 32))
    agree(moved(layout), {"x": x, "y": np.zeros((12, 32), np.int64)}, seed=3)


def test_a_difference_is_told() -> None:
    design = moved(LAYOUTS[0])
    seen = dict(design.timing.usage)
    compare_usage(design, design.timing.usage, seen)
    for count in ("busy", "starved", "blocked", "closed"):
        use = seen["u"]
        wrong = seen | {"u": replace(use, **{count: getattr(use, count) + 1})}
        with pytest.raises(TileError, match=r"TV0607.*`u` was predicted") as caught:
            compare_usage(design, design.timing.usage, wrong)
        assert caught.value.diagnostics[0].labels[0].span.line == 7
