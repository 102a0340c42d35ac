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
from tilevm.diagnostics import TileError

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


@pytest.mark.parametrize("options", [{}, {"lanes": 4, "group": 3}, {"engines": 2, "lanes": 8}])
def test_images_are_what_the_data_of_the_ports_says(options: dict[str, int]) -> None:
    built = design(**options)
    told = json.loads(json.dumps(ports_data(built)))
    rng = np.random.default_rng(3)
    arrays = {"w": rng.integers(-4, 4, (16, 24)), "x": rng.integers(-128, 128, 24)}
    for buffer, values in arrays.items():
        images, flat = built.image(buffer, values), values.reshape(-1).tolist()
        ports = [port for port in told if port["buffer"] == buffer]
        assert list(images) == [port["port"] for port in ports] and ports
        for port in ports:
            bits = port["bits_per_lane"]
            words = []
            for row in port["elements"]:
                lanes = [port["fill"] if at < 0 else flat[at] for at in row]
                words.append(sum((v % 2**bits) << bits * lane for lane, v in enumerate(lanes)))
            assert images[port["port"]] == words
    assert built.image("y", np.zeros(16, np.int64)) == {}


def test_images_of_what_is_no_buffer_or_does_not_fit() -> None:
    built = design()
    with pytest.raises(TileError, match="TV0101"):
        built.image("v", [1])
    with pytest.raises(TileError, match="TV0412"):
        built.image("x", np.zeros(23, np.int64))
