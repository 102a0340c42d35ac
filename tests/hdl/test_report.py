"""The report of a design: the tiles that its streams carry, and their layouts."""

import numpy as np
import pytest

import hdl
import tilevm
from hdl.report import pictures, tiles
from hdl.sim import run

LAYOUTS = [
    "spatial(4, 8)",
    "local(2, 1).spatial(2, 8)",
    "column_local(4, 2).spatial(1, 4)",
    "local(1, 2).column_spatial(4, 4)",
]


def moved(layout: str) -> hdl.Design:
    """A copy through tiles of a written layout, in loops that start and step as they like."""
    text = f"""
    kernel copy(x: global i8[12, 32], y: global i8[12, 32])
      grid (n = 2)
    {{
      for m in 4 .. 12 step 4 {{
        t: i8[4, 8] @ {layout} = load x[m, n * 16 + 8]
        u = neg t
        store u, y[m, n * 16 + 8]
      }}
    }}
    """
    return hdl.build(tilevm.parse(text)["copy"], lanes=4)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_loaded_tile_comes_in_the_layout_that_is_written(layout):
    design = moved(layout)
    found = {value.name: schedule for value, schedule in tiles(design)}
    written = tilevm.layouts.parse(layout)
    np.testing.assert_array_equal(found["t"], np.asarray(written.elements()).T)
    assert (
        f"| t | `i8[4, 8]` | {written.steps} x {written.places} | `{layout}` |" in design.report()
    )


def test_every_layout_has_a_picture():
    assert set(pictures(moved(LAYOUTS[0]))) == {"t", "u"}


def test_report_names_source_lines_and_sizes():
    design = moved(LAYOUTS[1])
    text = design.report()
    assert f"| cycles of a launch, ports always ready | {design.cycles} |" in text
    assert "`neg`, line 7" in text
    assert text.count("\n## ") == 5
    assert "Bound by " in text and "| port in x | 128 |" in text
    stalled = design.report(stall=0.5, seed=1)
    assert f"| cycles under this back-pressure | {design.timed(0.5, 1)[0].cycles} |" in stalled


def test_the_header_says_what_a_testbench_must_know():
    text = """
    kernel edge(x: global i8[3], y: global i8[4], z: global i8[4])
    {
      t: i8[4] = load x[0] {oob = zero}
      store t, y[0]
      c = full i8[4] {value = 7}
      store c, z[0]
    }
    """
    design = hdl.build(tilevm.parse(text)["edge"], lanes=4)
    said = design.header()
    assert "a port out that needs no port in offers them at once" in said
    assert "(-1 in ports.json) takes 0 on the way in" in said and "x[0], x[1], x[2], 0" in said
    (port,) = design.inputs
    assert port.elements.tolist() == [[0, 1, 2, -1]]
    # while no input comes, the constant is offered for both launches
    feeds = {"x": np.array([[1, 2, 3, 0]] * 2)}
    seen = run(design.netlist, feeds, launches=2, stalls={"x": np.arange(20) > 18})
    assert seen.outputs["z"].tolist() == [[7] * 4] * 2
    assert seen.outputs["y"].tolist() == [[1, 2, 3, 0]] * 2
    assert seen.fires["z_sink"][1] < seen.fires["y_sink"][0]
