"""What is wrong with the arguments of a launch, or with its index arithmetic, has the same code."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tilevm
from tests.reference.agreement import assert_agreement
from tilevm import reference

KERNEL = tilevm.parse(
    """
kernel f(x: global i8[N, 2], h: global f16[M * 2], y: global i8[N, 2])
  where N % 2 == 0
  grid (n = N / 2)
{
  a: i8[2, 2] = load x[n * 2, 0]
  b: f16[1] = load h[0]
  store a, y[n * 2, 0]
}
"""
)["f"]
GOOD: dict[str, Any] = {"x": np.ones((4, 2), np.int8), "h": np.ones(2), "M": 1}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"x": None}, "TV0410"),
        ({"M": None}, "TV0410"),
        ({"z": 1}, "TV0411"),
        ({"x": [1, 2]}, "TV0412"),
        ({"x": [[1, 2, 3], [4, 5, 6]]}, "TV0412"),
        ({"y": np.zeros((2, 2), int)}, "TV0412"),
        ({"h": np.ones(3)}, "TV0412"),
        ({"N": 2}, "TV0412"),
        ({"M": 1.0}, "TV0412"),
        ({"M": -1}, "TV0412"),
        ({"M": 0, "h": np.ones(0)}, "TV0412"),
        ({"x": np.ones((3, 2), int)}, "TV0413"),
        ({"x": [[1, 2], [3]]}, "TV0402"),
        ({"x": [[1.0, 2.0], [3.0, 4.0]]}, "TV0402"),
        ({"x": [["1", "2"], ["3", "4"]]}, "TV0402"),
        ({"x": [[1, 2], [3, 128]]}, "TV0401"),
        ({"h": [1.0, 0.1]}, "TV0401"),
        ({"h": [1.0, 65536.0]}, "TV0401"),
        ({"y": [[0, 0]] * 4}, None),
        ({"h": [-0.0, float("nan")]}, None),
        ({"x": [[True, False]] * 2}, None),
    ],
)
def test_arguments(change: dict[str, Any], code: str | None) -> None:
    arguments = {name: v for name, v in {**GOOD, **change}.items() if v is not None}
    found = assert_agreement(KERNEL, arguments)
    assert found == code if code else isinstance(found, dict)


@pytest.mark.parametrize(
    ("statement", "code"),
    [
        ("t = iota i64[8] {start = 9223372036854775807 - n}", None),
        ("t = iota i64[8] {start = -9223372036854775807 - 1 - n}", "TV0415"),
        ("t = iota i64[8] {start = (-9223372036854775807 - 1) / -1}", "TV0415"),
        ("t = iota i64[8] {start = -7 / 2 * 10 + -7 % 3 - 7 % -3}", None),
        ("t = iota i64[8] {start = 1 % n}", "TV0404"),
        ("t = iota u3[8] {start = 3 * n - 5}", None),
        ("for k in 0 .. 4 step n {\n}", "TV0215"),
        ("for k in -9223372036854775807 .. 1 {\n}", "TV0415"),
        ("if n == 1 and 4 / n == 4 {\n}", "TV0404"),
    ],
)
def test_index_arithmetic(statement: str, code: str | None) -> None:
    text = (
        "kernel f(y: global i64[16])\n  grid (n = 2)\n{\n"
        f"  {statement}\n  w = iota i64[8]\n"
        f"{'  w2 = cast t {to = i64}' if statement.startswith('t') else '  w2 = add w, w'}\n"
        "  store w2, y[n * 8]\n}\n"
    )
    found = assert_agreement(tilevm.parse(text)["f"], {})
    assert found == code if code else isinstance(found, dict)


def test_what_is_printed() -> None:
    lines: list[str] = []
    text = """
kernel f(y: global f16[2])
{
  a = full f16[2] {value = -0.0}
  print a {label = "here"}
  store a, y[0]
}
"""
    assert str(reference.run(tilevm.parse(text)["f"], output=lines.append)) == "{'y': [-0.0, -0.0]}"
    assert lines == ["here: a: f16[2] [] =\n[-0.0, -0.0]"]
