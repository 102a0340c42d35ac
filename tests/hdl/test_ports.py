"""What a testbench without tilevm is told of the ports: enough to feed a design and read it."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest

import hdl
import tilevm
from hdl import Design
from hdl.ports import port_order, ports_data
from hdl.sim import run

GEMV = """
kernel gemv(w: global i3[N, K], x: global i8[K], y: global i32[N])
  grid (n = N / 8)
{
  zero = full i32[8] {value = 0}
  acc = for k in 0 .. K / 8 carry (sum = zero) {
    wt: i3[8, 8] = load w[n * 8, k * 8]
    xt: i8[8] = load x[k * 8]
    part = dot wt, xt
    next = add sum, part
    yield next
  }
  store acc, y[n * 8]
}
"""


def design(**options: object) -> Design:
    return hdl.build(tilevm.parse(GEMV)["gemv"], N=16, K=24, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("lanes", [1, 4, 8, 16])
@pytest.mark.parametrize("dot", ["mac", "lut"])
def test_the_order_in_words_is_the_order_of_the_elements(dot: str, lanes: int) -> None:
    built = design(dot=dot, lanes=lanes)
    for port in (*built.inputs, *built.outputs):
        told = re.search(r"is element (.*), counted", port_order(port))
        assert told, port_order(port)
        b = np.arange(len(port.elements))[:, None]
        lane = np.arange(port.shape.lanes)[None]
        numbers = eval(told[1].replace("/", "//"), {"b": b, "l": lane})
        assert (np.broadcast_to(numbers, port.elements.shape) == port.elements).all()


def test_an_irregular_order_is_called_so() -> None:
    built = design(dot="lut", group=3, lanes=4)  # groups of 3 of 8 elements: padded, so with holes
    assert any("irregular" in port_order(port) for port in built.inputs)


def test_a_bench_that_only_reads_the_data_gets_the_result() -> None:
    built = design(dot="lut", lanes=8)
    told = json.loads(json.dumps(ports_data(built)))
    rng = np.random.default_rng(7)
    arrays = {"w": rng.integers(-4, 4, (16, 24)), "x": rng.integers(-128, 128, 24)}
    feeds = {}
    for port in told:
        if port["direction"] == "in":
            flat = np.append(arrays[port["buffer"]].reshape(-1), 0)  # -1: none, so 0
            feeds[port["port"]] = flat[np.array(port["elements"])]
            assert feeds[port["port"]].shape == (port["beats"], port["lanes"])
    beats = run(built.netlist, feeds, taps=False).outputs
    (out,) = (port for port in told if port["direction"] == "out")
    result = np.zeros(out["shape"], np.int64)
    result.reshape(-1)[np.array(out["elements"])] = beats[out["port"]]
    assert (result == arrays["w"] @ arrays["x"]).all(), "rng seed 7"
