"""A failing case as two files that replay it: the program (.tile) and its arguments (.npz)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tilevm.ir import Kernel
from tilevm.text import load

Arrays = Mapping[str, npt.NDArray[Any]]


def save_case(
    path: str | Path, kernel: Kernel, arguments: Mapping[str, Any], *, note: str = ""
) -> Path:
    """Writes ``path.tile`` and ``path.npz``; returns the path of the program.

    `note` goes above the program as comments.  OSError if a file cannot be written.
    """
    base = Path(path).with_suffix("")
    base.parent.mkdir(parents=True, exist_ok=True)
    program = base.with_suffix(".tile")
    comments = "".join(f"# {line}".rstrip() + "\n" for line in note.splitlines())
    program.write_text(comments + str(kernel), encoding="utf-8")
    np.savez_compressed(
        base.with_suffix(".npz"),
        allow_pickle=False,
        **{name: np.asarray(array) for name, array in arguments.items()},
    )
    return program


def load_case(path: str | Path) -> tuple[Kernel, dict[str, npt.NDArray[Any]]]:
    """The kernel (the first of the file) and the arguments of a case that `save_case` wrote."""
    base = Path(path).with_suffix("")
    program = load(base.with_suffix(".tile"))
    with np.load(base.with_suffix(".npz"), allow_pickle=False) as stored:
        arguments = {name: stored[name] for name in stored.files}
    return program[next(iter(program))], arguments
