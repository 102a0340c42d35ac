"""The benchmark's product as a Triton kernel; Triton wants it in a module of its own."""

from __future__ import annotations

from typing import Any

import torch
import triton
import triton.language as tl


@triton.jit
def _kernel(w, x, y, size, batch: tl.constexpr, rows: tl.constexpr, depth: tl.constexpr):
    n = tl.program_id(0) * rows + tl.arange(0, rows)
    column = tl.arange(0, batch)
    total = tl.zeros((rows, batch), dtype=tl.int32)
    for k in range(0, size, depth):
        at = k + tl.arange(0, depth)
        raw = tl.load(w + n[:, None] * (size // 2) + at[None, :] // 2).to(tl.int32)
        weights = ((raw >> (at[None, :] % 2) * 4 & 15) ^ 8) - 8
        acts = tl.load(x + at[:, None] * batch + column[None, :]).to(tl.int32)
        if batch >= 16:
            total += tl.dot(weights.to(tl.int8), acts.to(tl.int8))
        else:
            total += tl.sum(weights[:, :, None] * acts[None, :, :], axis=1)
    tl.store(y + n[:, None] * batch + column[None, :], total)


def product(w: Any, x: Any, rows: int, depth: int) -> Any:
    """w @ x for 4-bit weights, two in a byte."""
    size, batch = len(w), x.shape[1]
    y = torch.empty((size, batch), dtype=torch.int32)
    depth = size if size < 1024 else depth
    _kernel[(size // rows,)](w, x, y, size, batch, rows, depth)
    return y
