"""Recorded stalls: in which cycles the ports of a design are open."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

Stall = npt.NDArray[np.bool_]  # per cycle whether the port is open; it is open after the end


def random_stalls(
    ports: Iterable[str], probability: float, seed: int, length: int
) -> dict[str, Stall]:
    """Patterns of `length` cycles in which each port is closed with the given probability.

    A port's pattern depends on the seed and its place among `ports`, so a run can be replayed.
    """
    rng = np.random.default_rng(seed)
    return {port: rng.random(length) >= probability for port in ports}
