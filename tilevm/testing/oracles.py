"""Oracles that need no reference: one kernel, run in every way there is, gives one result."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tilevm.diagnostics import TileError
from tilevm.ir import Kernel, verify
from tilevm.passes import SAMPLES, canonicalise, transform
from tilevm.text import parse
from tilevm.vm import bind, run

Arrays = Mapping[str, npt.NDArray[Any]]
CHUNKS = (1, 500, 1 << 23)  # bytes: block by block, a few blocks, all at once


@dataclass(frozen=True, kw_only=True)
class Form:
    """A way to build hardware: the arguments of `hdl.build`, and the stalls of the simulation."""

    dot: str = "lut"
    lanes: int = 16
    group: int = 4
    table: str = "activations"
    stall: float = 0.3
    seed: int = 1


def assert_equal_everywhere(
    kernel: Kernel,
    arguments: Mapping[str, Any],
    *,
    forms: Iterable[Form] = (),
    note: str = "",
) -> None:
    """Compares the VM at several chunk sizes, after print and parse, after passes, and hardware.

    AssertionError with the program, `note` (how to replay) and the first wrong element.  Hardware
    is built in each of `forms`; that a form is refused (TileError TV05..) is no failure.
    """
    want = run(kernel, arguments)
    for chunk in CHUNKS[:-1]:
        what = f"in chunks of {chunk} bytes"
        assert_same(kernel, want, run(kernel, arguments, chunk_bytes=chunk), what, note)
    assert_round_trip(kernel, note)
    assert_passes_keep(kernel, arguments, want, note)
    for form in forms:
        simulated(kernel, arguments, want, form, note)


def assert_round_trip(kernel: Kernel, note: str = "") -> None:
    """The printed kernel parses back to an equal one, and printing that changes nothing."""
    text = str(kernel)
    again = parse(text, filename="generated.tile")[kernel.name]
    assert again == kernel, f"the parsed kernel differs\n{note}\n{text}\n{again}"
    assert str(again) == text, f"printing is no fixed point\n{note}\n{text}\n{again}"


def assert_passes_keep(
    kernel: Kernel,
    arguments: Mapping[str, Any],
    want: Arrays,
    note: str = "",
    passes: Iterable[str] = SAMPLES,
) -> None:
    """Each of the passes (or lists of passes) gives a program with the same results.

    What it gives is well-formed, can be printed and parsed, and made plain for these shapes keeps
    its results too.
    """
    sizes = bind(kernel, arguments).symbols
    for text in passes:
        made = transform(kernel, text)
        if made != kernel:
            assert_kept(kernel, made, arguments, want, f"after {text}", note)
    bound = canonicalise(made, sizes)
    assert_kept(kernel, bound, arguments, want, f"after {text}, with bound symbols", note)


def assert_kept(
    kernel: Kernel, made: Kernel, arguments: Mapping[str, Any], want: Arrays, what: str, note: str
) -> None:
    """A rewritten kernel is well-formed, prints and parses, and gives the same results."""
    verify(made)
    assert_round_trip(made, f"{what}\n{note}\nof\n{kernel}")
    assert_same(made, want, _run(made, arguments, want), what, f"{note}\nof\n{kernel}")


def simulated(
    kernel: Kernel, arguments: Mapping[str, Any], want: Arrays, form: Form, note: str = ""
) -> bool:
    """Builds one form and compares it with the VM, stream by stream; False if it is refused."""
    import hdl

    try:
        design = hdl.build(
            kernel,
            dot=form.dot,
            lanes=form.lanes,
            group=form.group,
            table=form.table,
            sizes=bind(kernel, arguments).symbols,
        )
    except TileError as problem:
        if all(d.code.startswith("TV05") for d in problem.diagnostics):
            return False
        raise
    result = design.simulate(arguments, stall=form.stall, seed=form.seed)
    assert_same(kernel, want, result.outputs, f"as hardware, {form}", note)
    assert result.cycles == result.predicted, f"{form}: {result.cycles} cycles\n{note}\n{kernel}"
    return True


def assert_same(kernel: Kernel, want: Arrays, got: Arrays, what: str, note: str = "") -> None:
    """Equal buffers, bit for bit; AssertionError names the first element that differs."""
    assert set(want) == set(got), f"{what}: {sorted(want)} and {sorted(got)}\n{note}\n{kernel}"
    for name, expected in want.items():
        kind = kernel.param(name).dtype
        wrong = np.argwhere(kind.encode(expected) != kind.encode(got[name]))
        if len(wrong):
            at = tuple(int(i) for i in wrong[0])
            raise AssertionError(
                f"{what}: `{name}{list(at)}` is {got[name][at]}, not {expected[at]} "
                f"({len(wrong)} of {expected.size} elements differ)\n{note}\n{kernel}"
            )


def _run(kernel: Kernel, arguments: Mapping[str, Any], want: Arrays) -> Arrays:
    """The results of what a pass made; a buffer is unchanged where no store to it was left."""
    unchanged = {name: np.asarray(arguments[name]) for name in want if name in arguments}
    return {**unchanged, **run(kernel, arguments)}
