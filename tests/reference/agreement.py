"""Runs a kernel on the virtual machine and in the reference: the same bits, or the same error."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

import tilevm
from tilevm import TileError, reference
from tilevm.ir import Kernel

CHUNKS = (1, 1 << 30)  # bytes: one thread block at a time, and all at once


def outcome(run: Callable[[], Mapping[str, Any]], kernel: Kernel) -> Any:
    """The codes of every output, or the code of the error."""
    try:
        found = run()
    except TileError as problem:
        return problem.diagnostics[0].code
    return {
        name: kernel.param(name)
        .dtype.encode(np.asarray(values, kernel.param(name).dtype.carrier))
        .tolist()
        for name, values in found.items()
    }


def assert_agreement(
    kernel: Kernel, arguments: Mapping[str, Any], note: str = "", *, several_errors: bool = False
) -> Any:
    """Both give one outcome, which is returned; AssertionError shows the kernel and both.

    Where thread blocks make `several_errors`, only the machine that runs one block at a time must
    meet the same one first.
    """

    def quiet(line: str) -> None:
        pass

    expected = outcome(lambda: reference.run(kernel, arguments, output=quiet), kernel)
    for chunk in CHUNKS:
        found = outcome(
            lambda: tilevm.run(kernel, arguments, chunk_bytes=chunk, output=quiet),  # noqa: B023
            kernel,
        )
        if several_errors and chunk > 1 and isinstance(expected, str):
            assert isinstance(found, str), f"{expected} is not raised\n{kernel}\n{dict(arguments)}"
            continue
        assert found == expected, (
            f"the machine (chunks of {chunk} bytes) gives {found}, "
            f"the reference {expected}\n{note}\n{kernel}\n{dict(arguments)}"
        )
    return expected
