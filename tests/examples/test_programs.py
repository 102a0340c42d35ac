"""Programs of examples/ that build: each against NumPy in the virtual machine, and as hardware."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings
from numpy.typing import NDArray

import hdl
import tilevm
from tests.examples import oracles

FOLDER = Path(__file__).resolve().parents[2] / "examples"
FILES = sorted(FOLDER.rglob("*.tile"))

Arrays = dict[str, NDArray[np.int64]]


def integers(rng: np.random.Generator, kind: str, *shape: int) -> NDArray[np.int64]:
    """Any values of an integer type."""
    limits = tilevm.dtype(kind)
    return rng.integers(int(limits.min), int(limits.max), shape, np.int64, endpoint=True)


def gemv(rng: np.random.Generator, m: int, n: int) -> tuple[Arrays, Arrays]:
    w, x = integers(rng, "i3", 16 * m, 32 * n), integers(rng, "i8", 32 * n)
    return {"w": w, "x": x}, {"y": w @ x}


def gemm(rng: np.random.Generator, m: int, n: int) -> tuple[Arrays, Arrays]:
    x, w = integers(rng, "i8", 4 * m, 16 * n), integers(rng, "i4", 8 * m, 16 * n)
    return {"x": x, "w": w}, {"y": x @ w.T}


def gemm_transposed(rng: np.random.Generator, m: int, n: int) -> tuple[Arrays, Arrays]:
    a, b = integers(rng, "i4", 16 * n, 4 * m), integers(rng, "i8", 16 * n, 8 * m)
    return {"a": a, "b": b}, {"y": a.T @ b}


def quantise(rng: np.random.Generator, m: int, n: int) -> tuple[Arrays, Arrays]:
    # half of the elements are so small that they are not clipped
    x = integers(rng, "i32", 16 * m) >> rng.choice([0, 20], 16 * m)
    scale = integers(rng, "u16", 1)
    # exact: a product of 48 bits, and dividing by a power of two, stays below 2**53
    y = np.clip(np.floor(x * scale / 2**16 + 0.5), -128, 127).astype(np.int64)
    return {"x": x, "scale": scale}, {"y": y}


def codebook_gemv(rng: np.random.Generator, m: int, n: int) -> tuple[Arrays, Arrays]:
    codes, book = integers(rng, "u4", 8 * m, 16 * n), integers(rng, "i8", 16)
    x = integers(rng, "i8", 16 * n)
    return {"codes": codes, "book": book, "x": x}, {"y": book[codes] @ x}


def ternary_gemv(rng: np.random.Generator, m: int, n: int) -> tuple[Arrays, Arrays]:
    codes, book = rng.integers(0, 3, (8 * m, 16 * n)), np.array([-1, 0, 1, 0])
    x = integers(rng, "i8", 16 * n)
    plus, minus = np.where(codes == 2, x, 0), np.where(codes == 0, x, 0)
    return {"codes": codes, "book": book, "x": x}, {"y": (plus - minus).sum(axis=1)}


def row_statistics(rng: np.random.Generator, m: int, n: int) -> tuple[Arrays, Arrays]:
    x = integers(rng, "i8", 4 * m, 16 * n)
    wanted = {"total": x.sum(axis=1), "largest": x.max(axis=1), "smallest": x.min(axis=1)}
    return {"x": x}, wanted


Case = Callable[[np.random.Generator, int, int], tuple[Arrays, Arrays]]
CASES: dict[str, tuple[str, Case]] = {
    case.__name__: (file, case)
    for file, case in [
        ("gemv.tile", gemv),
        ("gemm.tile", gemm),
        ("gemm.tile", gemm_transposed),
        ("quantise.tile", quantise),
        ("codebook.tile", codebook_gemv),
        ("codebook.tile", ternary_gemv),
        ("reduce.tile", row_statistics),
    ]
}


def kernel(name: str) -> Any:
    return tilevm.load(FOLDER / CASES[name][0])[name]


def assert_equal(outputs: dict[str, Any], wanted: Arrays, message: str) -> None:
    assert set(outputs) == set(wanted), message
    for name, values in wanted.items():
        np.testing.assert_array_equal(outputs[name], values, f"{name}, {message}")


def test_every_kernel_has_a_case():
    kernels = [name for file in FOLDER.glob("*.tile") for name in tilevm.load(file).kernels]
    assert sorted(kernels) == sorted([*CASES, *oracles.CASES])


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_files_are_as_the_formatter_writes_them(file):
    text = file.read_text("utf-8")
    assert str(tilevm.parse(text, file.name)) == text


@pytest.mark.parametrize("name", CASES)
@given(m=st.integers(1, 4), n=st.integers(1, 4), seed=st.integers(0, 2**32 - 1))
@settings(max_examples=20)
def test_virtual_machine_equals_numpy(name, m, n, seed):
    arguments, wanted = CASES[name][1](np.random.default_rng(seed), m, n)
    assert_equal(tilevm.run(kernel(name), arguments), wanted, f"m = {m}, n = {n}, seed {seed}")


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("table", ["activations", "weights"])
def test_table_lookups_change_nothing(name, table):
    seed = 5
    arguments, wanted = CASES[name][1](np.random.default_rng(seed), 2, 3)
    lowered = tilevm.passes.rewrite_dot(kernel(name), form="lut", table=table)
    assert_equal(tilevm.run(lowered, arguments), wanted, f"seed {seed}")


@pytest.mark.parametrize("name", CASES)
def test_hardware_equals_numpy(name):
    seed = 7
    arguments, wanted = CASES[name][1](np.random.default_rng(seed), 1, 2)
    sizes = tilevm.vm.bind(kernel(name), arguments).symbols
    design = hdl.build(kernel(name), lanes=8, sizes=sizes)
    result = design.simulate(arguments, stall=0.3, seed=seed)
    assert_equal(result.outputs, wanted, f"seed {seed}")
    assert result.cycles == result.predicted
    assert design.simulate(arguments).cycles == design.cycles
