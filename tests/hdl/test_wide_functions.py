"""Functions of floats too wide for a table of all codes, and the examples that need them."""

from __future__ import annotations

import numpy as np
import pytest

import tilevm
from tests.examples import oracles
from tests.examples.test_kernels import kernel
from tilevm.testing import Form, simulated


@pytest.mark.parametrize(("name", "lanes"), [("layernorm", 1)])
def test_examples_as_they_are_written(name: str, lanes: int) -> None:
    arguments, _ = oracles.CASES[name][1](np.random.default_rng(1), 1, 1)
    written = kernel(name)
    want = tilevm.run(written, arguments)
    assert simulated(written, arguments, want, Form(lanes=lanes, stall=0.3)), "it is built"
