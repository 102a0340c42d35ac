"""Other tile systems' interpreters on the product of the benchmark, where they are installed."""

from __future__ import annotations

import os
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
Contenders = dict[str, Callable[[], Array]]


def contenders(packed: Array, x: Array, tile: tuple[int, int]) -> Contenders:
    """Those that can run here: y = w @ x, 4-bit weights packed two in a byte, int8 activations."""
    found: Contenders = {}
    if find_spec("triton") and find_spec("torch"):
        found["triton"] = _triton(packed, x, tile)
    if find_spec("jax"):
        found["pallas grid"] = _pallas(packed, x, tile, loop=False)
        found["pallas loop"] = _pallas(packed, x, tile, loop=True)
    return found


def _triton(packed: Array, x: Array, tile: tuple[int, int]) -> Callable[[], Array]:
    os.environ["TRITON_INTERPRET"] = "1"  # read when a kernel is declared
    import torch
    import triton_product

    w, v = torch.from_numpy(packed), torch.from_numpy(x)
    return lambda: triton_product.product(w, v, *tile).numpy()


def _pallas(packed: Array, x: Array, tile: tuple[int, int], loop: bool) -> Callable[[], Array]:
    """A loop over the depth in the kernel, or the depth as the grid's second dimension."""
    import jax
    import jax.numpy as jnp
    from jax.experimental import pallas as pl

    size, batch = len(packed), x.shape[1]
    rows, depth = tile[0], size if size < 1024 else tile[1]

    def part(raw: Any, acts: Any) -> Any:
        low = jnp.right_shift(jnp.left_shift(raw, 4), 4)
        pairs = jnp.stack([low, jnp.right_shift(raw, 4)], axis=-1)
        weights = pairs.reshape(rows, depth).astype(jnp.float32)
        return jnp.dot(weights, acts.astype(jnp.float32)).astype(jnp.int32)

    def looping(w_ref: Any, x_ref: Any, y_ref: Any) -> None:
        def step(k: Any, total: Any) -> Any:
            raw = w_ref[:, pl.ds(k * (depth // 2), depth // 2)].astype(jnp.int8)
            return total + part(raw, x_ref[pl.ds(k * depth, depth), :])

        zero = jnp.zeros((rows, batch), jnp.int32)
        y_ref[...] = jax.lax.fori_loop(0, size // depth, step, zero)

    def stepping(w_ref: Any, x_ref: Any, y_ref: Any) -> None:
        @pl.when(pl.program_id(1) == 0)
        def clear() -> None:
            y_ref[...] = jnp.zeros((rows, batch), jnp.int32)

        y_ref[...] += part(w_ref[...], x_ref[...])

    wide, tall = (size // 2, size) if loop else (depth // 2, depth)
    call = pl.pallas_call(
        looping if loop else stepping,
        grid=(size // rows,) if loop else (size // rows, size // depth),
        in_specs=[
            pl.BlockSpec((rows, wide), lambda n, k=0: (n, k)),
            pl.BlockSpec((tall, batch), lambda n, k=0: (k, 0)),
        ],
        out_specs=pl.BlockSpec((rows, batch), lambda n, k=0: (n, 0)),
        out_shape=jax.ShapeDtypeStruct((size, batch), jnp.int32),
        interpret=True,
    )
    w, v = jnp.asarray(packed.view(np.int8)), jnp.asarray(x)
    return lambda: np.asarray(call(w, v).block_until_ready())
