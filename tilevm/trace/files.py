"""Traces in files: `.jsonl`, a line of JSON for each op and thread block, or `.npz`, packed.

Both hold the same.  In JSON a number is written so that reading gives the very same, and what is
not finite as a text: "nan", "inf", "-inf".  A `.npz` holds `trace.json`, a list of steps, and for
step n the arrays `n.data`, `n.blocks`, and what the step names.
"""

from __future__ import annotations

import io
import json
import math
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO, Any

import numpy as np

from tilevm.diagnostics import TileError, error
from tilevm.trace.record import Step

FORMAT = "tilevm trace 1"
SUFFIXES = (".jsonl", ".npz")


@contextmanager
def writer_for(file: IO[bytes], name: str) -> Iterator[Callable[[Step], None]]:
    """A function that writes steps to an open file, in the form that the name ends in."""
    if name.lower().endswith(".npz"):
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            heads: list[dict[str, Any]] = []
            yield lambda step: _pack(step, archive, heads)
            content = {"format": FORMAT, "steps": heads}
            archive.writestr("trace.json", json.dumps(content))
    else:
        file.write(json.dumps({"format": FORMAT}).encode() + b"\n")

        def line(step: Step) -> None:
            for text in _lines(step):
                file.write(text.encode() + b"\n")

        yield line


def read_trace(path: str) -> list[Step]:
    """The steps of a trace file; TileError TV0801, or TV0811 for one that holds no trace."""
    try:
        with open(path, "rb") as file:
            content = file.read()
    except (OSError, ValueError) as problem:
        reason = getattr(problem, "strerror", None) or str(problem)
        raise error("TV0801", f"cannot read {path}: {reason}") from None
    try:
        if content[:2] == b"PK":
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                return _unpacked(archive)
        return _read_lines(content)
    except (
        ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError, EOFError,
        RecursionError, NotImplementedError, RuntimeError, zipfile.BadZipFile, zlib.error,
    ) as problem:  # fmt: skip
        raise _damaged(path, problem) from None


def _damaged(path: str, problem: Exception) -> TileError:
    message = f"{path} is no trace, or damaged: {str(problem)[:200] or type(problem).__name__}"
    return error("TV0811", message, help="traces are what `tilevm run --trace` writes")


# --- lines of JSON


def _plain(values: Any) -> Any:
    if isinstance(values, list):
        return [_plain(value) for value in values]
    if isinstance(values, float) and not math.isfinite(values):
        return str(values)
    return values


def _lines(step: Step) -> Iterator[str]:
    head = {"op": step.op, "name": step.name, "type": step.type, "line": step.line}
    for number, block in enumerate(step.blocks.tolist()):
        row: dict[str, Any] = {**head, "block": block}
        row["loops"] = {name: int(values[number]) for name, values in step.loops.items()}
        row["at"] = {name: values[number].tolist() for name, values in step.at.items()}
        if step.data is not None:
            tile = step.data[number if len(step.data) > 1 else 0]
            row["shape"] = list(tile.shape)
            row["carrier"] = tile.dtype.str
            row["data"] = _plain(tile.reshape(-1).tolist())
        yield json.dumps(row)


def _read_lines(content: bytes) -> list[Step]:
    lines = content.decode("utf-8").splitlines()
    if not lines or json.loads(lines[0])["format"] != FORMAT:
        raise ValueError(f"its first line is not {json.dumps({'format': FORMAT})}")
    return [_step(json.loads(line)) for line in lines[1:]]


def _step(row: dict[str, Any]) -> Step:
    data = None
    if "data" in row:
        kind = np.dtype(row["carrier"])
        if kind.kind not in "biuf":
            raise ValueError(f"{kind} holds no numbers")
        parse = float if kind.kind == "f" else int
        flat = np.array([parse(value) for value in row["data"]], kind)
        data = flat.reshape(1, *row["shape"])
    return Step(
        str(row["op"]),
        str(row["name"]),
        str(row["type"]),
        None if row["line"] is None else int(row["line"]),
        np.array([int(row["block"])], np.int64),
        {name: np.array([int(value)], np.int64) for name, value in row["loops"].items()},
        {name: np.array([value], np.int64) for name, value in row["at"].items()},
        data,
    )


# --- archives


def _pack(step: Step, archive: zipfile.ZipFile, heads: list[dict[str, Any]]) -> None:
    number = len(heads)

    def put(name: str, values: Any) -> None:
        with archive.open(f"{number}.{name}.npy", "w", force_zip64=True) as member:
            np.lib.format.write_array(member, np.ascontiguousarray(values), allow_pickle=False)

    put("blocks", step.blocks)
    for n, values in enumerate(step.loops.values()):
        put(f"loop{n}", values)
    for n, values in enumerate(step.at.values()):
        put(f"at{n}", values)
    if step.data is not None:
        put("data", step.data)
    heads.append(
        {
            "op": step.op,
            "name": step.name,
            "type": step.type,
            "line": step.line,
            "loops": list(step.loops),
            "at": list(step.at),
            "data": step.data is not None,
        }
    )


def _unpacked(archive: zipfile.ZipFile) -> list[Step]:
    content = json.loads(archive.read("trace.json"))
    if content["format"] != FORMAT:
        raise ValueError(f"its format is not `{FORMAT}`")

    def get(number: int, name: str) -> Any:
        with archive.open(f"{number}.{name}.npy") as member:
            return np.lib.format.read_array(member, allow_pickle=False)

    return [
        Step(
            str(head["op"]),
            str(head["name"]),
            str(head["type"]),
            head["line"],
            get(number, "blocks"),
            {name: get(number, f"loop{n}") for n, name in enumerate(head["loops"])},
            {name: get(number, f"at{n}") for n, name in enumerate(head["at"])},
            get(number, "data") if head["data"] else None,
        )
        for number, head in enumerate(content["steps"])
    ]
