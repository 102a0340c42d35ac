"""What a checked run says of overflow: the exact number, whichever op it comes from."""

from __future__ import annotations

import re
from math import prod

import numpy as np
import pytest

import tilevm

EXACT = re.compile(r"`r\[([\d, ]+)\]` of `scan` is (-?\d+), but")


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("op", ["add", "mul"])
def test_a_scan_names_the_exact_prefix_of_the_element_that_wraps(op: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    dim, exclusive, reverse = (int(rng.integers(0, 2)) for _ in range(3))
    shape = [int(n) for n in rng.integers(3, 6, 2)]
    kind = str(rng.choice(["i8", "u8", "i5"]))
    a = rng.integers(1, 16, shape) if kind != "i8" else rng.integers(-100, 101, shape)
    flags = {"exclusive": exclusive, "reverse": reverse}
    written = "".join(f", {name} = {str(bool(flag)).lower()}" for name, flag in flags.items())
    form = f"op = {op}, dim = {dim}, acc = {kind}{written}"
    extents = f"{shape[0]}, {shape[1]}"
    kernel = tilevm.parse(f"""kernel k(x: global i16[{extents}], y: global {kind}[{extents}])
{{
  a: i16[{extents}] = load x[0, 0]
  r = scan a {{{form}}}
  store r, y[0, 0]
}}
""")["k"]
    rows = np.moveaxis(a, dim, -1).tolist()
    exact = np.empty((len(rows), len(rows[0])), object)
    for i, row in enumerate(rows):
        for j in range(len(row)):
            behind = row[j + exclusive :] if reverse else row[: j + 1 - exclusive]
            exact[i, j] = sum(behind) if op == "add" else prod(behind)
    exact = np.moveaxis(exact, -1, dim)
    low, high = tilevm.dtype(kind).min, tilevm.dtype(kind).max
    if all(low <= value <= high for value in exact.flat):
        tilevm.run(kernel, x=a, check=True)
        return
    with pytest.raises(tilevm.TileError) as found:
        tilevm.run(kernel, x=a, check=True)
    said = EXACT.match(found.value.diagnostics[0].message)
    assert said, f"seed {seed}: {found.value}"
    at, number = tuple(map(int, said[1].split(","))), int(said[2])
    assert number == exact[at], f"seed {seed}: {found.value}"
    assert not low <= number <= high
