"""The text form of a layout: a chain of calls, such as ``local(2, 1).spatial(8, 4).local(1, 2)``.

The digits of the place number and those of the step number stand in two fixed orders, and the
digits of each dimension in a third (large strides first). A chain of factors exists exactly when
one order of all digits agrees with the three. Where none does, each digit becomes a dimension of
its own, a chain exists for that tile, and a closing ``reshape`` gives the shape back.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

from tilevm.layouts.modes import Mode, Modes, Shape


def chain(shape: Shape, spatial: Modes, local: Modes) -> str:
    """The shortest chain of factors for canonical digits; ``parse`` reads it back."""
    factors = _factors(shape, spatial, local)
    if factors is not None:
        return ".".join(factors)
    order = sorted(
        (mode for mode in spatial + local if mode.dim is not None),
        key=lambda mode: (mode.dim, -mode.stride),
    )
    alone = {mode: Mode(dim, 1, mode.extent) for dim, mode in enumerate(order)}
    factors = _factors(
        tuple(mode.extent for mode in order),
        tuple(alone.get(mode, mode) for mode in spatial),
        tuple(alone.get(mode, mode) for mode in local),
    )
    assert factors is not None, "digits of different dimensions are in no order"
    return ".".join([*factors, f"reshape([{_comma(shape)}])"])


def _factors(shape: Shape, spatial: Modes, local: Modes) -> list[str] | None:
    candidates = [
        [text for name, run in runs for text in _run(name, run, len(shape))]
        for runs in (
            _runs(shape, [("spatial", spatial), ("local", local)]),
            _runs(shape, [("local", local), ("spatial", spatial)]),
        )
        if runs is not None
    ]
    if not candidates:
        return None
    best = min(candidates, key=len)
    if all(factor.startswith("replicated") for factor in best) and (shape or not best):
        best.append(f"local({_comma(shape)})")  # extents 1 only: nothing else tells the rank
    return best


def _runs(shape: Shape, kinds: list[tuple[str, Modes]]) -> list[tuple[str, list[Mode]]] | None:
    """Runs of local and spatial digits in turn, each as long as the three orders allow."""
    queues = [(name, list(modes)[::-1]) for name, modes in kinds]
    below = list(shape)  # the product of extent and stride that the next digit of each dim has
    runs: list[tuple[str, list[Mode]]] = []
    idle = 0
    turn = 0
    while any(queue for _, queue in queues):
        name, queue = queues[turn % 2]
        turn += 1
        run: list[Mode] = []
        while queue:
            mode = queue[-1]
            if mode.dim is not None:
                if mode.stride * mode.extent != below[mode.dim]:
                    break
                below[mode.dim] = mode.stride
            run.append(queue.pop())
        if run:
            runs.append((name, run))
        idle = 0 if run else idle + 1
        if idle == 2:
            return None
    return runs


def _run(name: str, run: list[Mode], rank: int) -> Iterable[str]:
    """The factors of a run: row-major while its dimensions rise, column-major while they fall."""
    start = 0
    while start < len(run):
        if run[start].dim is None:
            yield f"replicated({run[start].extent})"
            start += 1
            continue
        dims = [mode.dim for mode in run[start:]]
        rising, falling = _monotone(dims, 1), _monotone(dims, -1)
        length = max(rising, falling)
        extents = [1] * rank
        for mode in run[start : start + length]:
            assert mode.dim is not None
            extents[mode.dim] = mode.extent
        yield f"{'column_' if falling > rising else ''}{name}({_comma(extents)})"
        start += length


def _monotone(dims: list[int | None], sign: int) -> int:
    """How many leading entries strictly rise (sign 1) or fall (sign -1)."""
    length = 1
    for before, after in pairwise(dims):
        if before is None or after is None or sign * after <= sign * before:
            break
        length += 1
    return length


def _comma(numbers: Iterable[int]) -> str:
    return ", ".join(map(str, numbers))
