"""Kernels of examples/ after public ones: each against NumPy, with equal bits however it runs."""

from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings

import hdl
import tilevm
import tilevm.reference
from tests.examples.oracles import CASES, Within
from tilevm.cli.random_inputs import launch_for

FOLDER = Path(__file__).resolve().parents[2] / "examples"


def kernel(name: str) -> Any:
    return tilevm.load(FOLDER / CASES[name][0])[name]


def case(name: str, seed: int, m: int, n: int) -> Any:
    return CASES[name][1](np.random.default_rng(seed), m, n)


def assert_right(outputs: dict[str, Any], wanted: dict[str, Any], message: str) -> None:
    assert set(outputs) == set(wanted), message
    for name, expected in wanted.items():
        if isinstance(expected, Within):
            found = np.asarray(outputs[name], np.float64)
            assert found.shape == expected.values.shape, message
            wrong = ~(np.abs(found - expected.values) <= expected.bound)
            assert not wrong.any(), f"{name}, {message}, at {np.argwhere(wrong)[0]}"
        else:
            np.testing.assert_array_equal(outputs[name], expected, f"{name}, {message}")


def assert_same_bits(found: dict[str, Any], usual: dict[str, Any], message: str) -> None:
    assert set(found) == set(usual), message
    for name, values in usual.items():
        again = np.asarray(found[name], values.dtype)
        np.testing.assert_array_equal(again, values, f"{name}, {message}")
        assert again.tobytes() == values.tobytes(), f"signs of zeros in {name}, {message}"


@pytest.mark.parametrize("name", CASES)
@given(m=st.integers(1, 3), n=st.integers(1, 3), seed=st.integers(0, 2**32 - 1))
@settings(max_examples=10)
def test_virtual_machine_equals_numpy(name, m, n, seed):
    arguments, wanted = case(name, seed, m, n)
    assert_right(tilevm.run(kernel(name), arguments), wanted, f"m = {m}, n = {n}, seed {seed}")


@pytest.mark.parametrize("name", CASES)
def test_bits_depend_on_no_chunks_and_checked_runs_find_nothing(name):
    seed = 11
    arguments, wanted = case(name, seed, 2, 3)
    usual = tilevm.run(kernel(name), arguments)
    assert_right(usual, wanted, f"seed {seed}")
    for ways in ({"chunk_bytes": 1}, {"check": True}):
        found = tilevm.run(kernel(name), arguments, **ways)
        assert_same_bits(found, usual, f"{ways}, seed {seed}")


@pytest.mark.parametrize("name", CASES)
def test_reference_gives_the_same_bits(name):
    seed = 13
    arguments, _ = case(name, seed, 1, 1)
    found = tilevm.reference.run(kernel(name), arguments)
    assert_same_bits(found, tilevm.run(kernel(name), arguments), f"seed {seed}")


PASSES = [
    "canonicalise, fold_constants, share_subexpressions",
    "hoist_invariants, unroll(factor = 2), remove_dead_code",
    "narrow_accumulators",
    "rewrite_dot(form = lut, group = 4)",
    "rewrite_dot(form = bitserial)",
]


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("passes", PASSES)
def test_passes_keep_the_bits(name, passes):
    seed = 19
    arguments, _ = case(name, seed, 2, 3)
    rewritten = tilevm.passes.transform(kernel(name), passes)
    again = tilevm.run(rewritten, arguments)
    assert_same_bits(again, tilevm.run(kernel(name), arguments), f"{passes}, seed {seed}")


# circuits that take seconds to simulate; smaller ones are in tests/hdl/test_wide_functions.py
WIDE = ("flash_attention", "layernorm", "mx_matmul", "softmax", "w4a16", "w4a16_unfused")


@pytest.mark.parametrize("name", CASES)
def test_hardware_gives_the_same_bits(name, request):
    seed = 23
    arguments, _ = case(name, seed, 1, 1)
    written = kernel(name)
    arrays = {key: np.asarray(values) for key, values in arguments.items()}
    sizes = launch_for(written, {}, arrays).symbols
    design = hdl.build(written, dot="mac", lanes=16, sizes=sizes)
    slow = design.cycles > 100 or name in WIDE
    if slow and not request.config.getoption("long"):
        return  # built, which is quick; its simulation is left to the long run
    found = design.simulate(arguments, stall=0.2, seed=seed).outputs
    assert_same_bits(found, tilevm.run(written, arguments), f"seed {seed}")


def test_fused_and_unfused_products_are_equal_for_any_scales():
    seed = 17
    rng = np.random.default_rng(seed)
    arguments = {
        "x": rng.standard_normal((4, 128)).astype(np.float16),
        "w": rng.integers(0, 16, (16, 128)),
        "s": rng.standard_normal((16, 4)).astype(np.float16),
        "z": rng.integers(0, 16, (16, 4)),
    }
    fused, unfused = (tilevm.run(kernel(name), arguments) for name in ("w4a16", "w4a16_unfused"))
    assert_same_bits(fused, unfused, f"seed {seed}")
