"""Functions of floats too wide for a table of all codes, and the examples that need them."""

from __future__ import annotations

import numpy as np
import pytest

import hdl
import tilevm
from tests.examples import oracles
from tests.examples.test_kernels import kernel
from tests.hdl.test_external import need, simulators
from tilevm.testing import Form, assert_same, simulated


@pytest.mark.parametrize("name", ["softmax", "layernorm", "flash_attention"])
def test_examples_as_they_are_written(name: str) -> None:
    """In f32, one lane, with random stalls: every beat is the machine's."""
    arguments, _ = oracles.CASES[name][1](np.random.default_rng(1), 1, 1)
    if name == "flash_attention":  # one of two heads
        arguments = {buffer: values[:1] for buffer, values in arguments.items()}
    written = kernel(name)
    want = tilevm.run(written, arguments)
    assert simulated(written, arguments, want, Form(lanes=1, stall=0.3)), "it is built"


FUNCTIONS = """
kernel functions(x: global tf32[24], y: global tf32[6, 24])
{
  a: tf32[24] = load x[0]
  e = exp a
  s = sigmoid a {rounding = up}
  t = tanh e
  r = rsqrt e
  l = log e
  m = expm1 a
  each = concat e, s, t, r, l, m {dim = 0}
  rows = reshape each {shape = [6, 24]}
  store rows, y[0, 0]
}
"""


@simulators
def test_the_emitted_verilog_computes_the_same(simulator: str) -> None:
    """Also of the numbers beside all finite ones."""
    need(simulator)
    written = tilevm.parse(FUNCTIONS)["functions"]
    rng = np.random.default_rng(8)
    ends = [0.0, -0.0, np.inf, -np.inf, np.nan, 1e30, -1e30, 2.0**-140, -(2.0**-126)]
    x = written.param("x").dtype.quantise(np.array([*ends, *rng.normal(0, 4, 24 - len(ends))]))
    design = hdl.build(written, lanes=1)
    result = design.simulate(x=x, simulator=simulator, stall=0.3, seed=2)
    assert_same(written, tilevm.run(written, x=x), result.outputs, simulator)
    assert result.cycles == result.predicted
