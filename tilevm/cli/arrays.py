"""Arrays in .npy and .npz files.  Nothing is unpickled, and no size in a header is believed."""

from __future__ import annotations

import errno
import os
import re
import sys
import tokenize
import warnings
import zipfile
import zlib
from collections.abc import Mapping
from math import prod
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from tilevm.cli.output import whole_file
from tilevm.diagnostics import TileError, error, nearest

Array = npt.NDArray[Any]

# what NumPy, zipfile and the reader of header literals raise for bytes that make no sense
_DAMAGED = (
    ValueError,
    EOFError,
    SyntaxError,
    TypeError,
    KeyError,
    OverflowError,
    tokenize.TokenError,
    zipfile.BadZipFile,
    zlib.error,
    RuntimeError,  # encrypted; NotImplementedError (unknown compression) and RecursionError are too
)


def read_array(name: str, place: str) -> Array:
    """The array at `place`: ``x.npy``, ``data.npz:x``, or ``data.npz`` for its member `name`.

    TileError TV0801 for a file that cannot be read, TV0803 for one that is damaged or no
    array file, TV0804 for Python objects, TV0805 for a member that an archive does not have.
    """
    match = re.fullmatch(r"(.+\.npz)(?::([^:]+))?", place, re.I | re.S)
    try:
        if match:
            return _member(match[1], match[2], name)
        with open(place, "rb") as file:
            if file.read(4) == b"PK\x03\x04":
                return _member(place, None, name)
            file.seek(0)
            return _array(file, os.fstat(file.fileno()).st_size, place)
    except OSError as problem:
        if problem.errno == errno.EINVAL:  # a damaged archive says to seek to a negative offset
            raise _damaged(place, "its parts lie outside of it") from None
        reason = problem.strerror or str(problem)
        raise error("TV0801", f"cannot read {match[1] if match else place}: {reason}") from None
    except _DAMAGED as problem:
        raise _damaged(place, str(problem) or type(problem).__name__) from None


def _member(path: str, wanted: str | None, argument: str) -> Array:
    with open(path, "rb") as raw, zipfile.ZipFile(raw) as archive:
        names = {n.removesuffix(".npy"): n for n in archive.namelist() if n.endswith(".npy")}
        if wanted is None:
            wanted = next(iter(names)) if len(names) == 1 else argument
        if wanted not in names:
            near = nearest(wanted, names)
            listed = ", ".join(sorted(names)[:12]) or "none"
            hint = f"did you mean `{path}:{near}`?" if near else f"its arrays: {listed}"
            raise error("TV0805", f"{path} has no array `{wanted}`", help=hint)
        info = archive.getinfo(names[wanted])
        with archive.open(info) as file:
            return _array(file, info.file_size, f"{path}:{wanted}")


def _array(file: IO[bytes], size: int, place: str) -> Array:
    """The array that a stream of `size` bytes holds."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # headers of Python 2 are fine
        shape, kind = _header(file)
        if kind.hasobject:
            message = f"{place} holds Python objects, which are never unpickled"
            hint = "save numbers: `numpy.save(file, x.astype(numpy.int64))`"
            raise error("TV0804", message, help=hint)
        need = prod(shape) * kind.itemsize
        have = size - file.tell()
        if need != have:
            more = "is cut short" if need > have else "has bytes to spare"
            raise _damaged(place, f"it {more}: its header promises {need} bytes, it holds {have}")
        _check_memory(need, place)
        file.seek(0)
        read = np.lib.format.read_array(file, allow_pickle=False)
        return np.asarray(read)


def _header(file: IO[bytes]) -> tuple[tuple[int, ...], np.dtype[Any]]:
    version = np.lib.format.read_magic(file)
    readers = {
        (1, 0): np.lib.format.read_array_header_1_0,
        (2, 0): np.lib.format.read_array_header_2_0,
    }
    if version not in readers:
        raise ValueError(f"version {version[0]}.{version[1]} of the format holds no plain numbers")
    shape, _, kind = readers[version](file)
    if any(extent < 0 for extent in shape):
        raise ValueError(f"its shape is {list(shape)}")
    return shape, kind


def _check_memory(need: int, place: str) -> None:
    have = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    if need > have:
        raise error(
            "TV0414",
            f"{place} holds {need / 2**30:.1f} GiB, this machine has {have / 2**30:.1f} GiB",
        )


def _damaged(place: str, reason: str) -> TileError:
    hint = "arrays are files that `numpy.save` or `numpy.savez` wrote"
    return error("TV0803", f"{place} is not an array file, or damaged: {reason[:300]}", help=hint)


# --- results


def write_arrays(path: str, arrays: Mapping[str, Array]) -> None:
    """Writes arrays to a .npz file by name, or the only one to a .npy file."""
    with whole_file(path) as place, open(place, "wb") as file:
        if path.lower().endswith(".npy"):
            (only,) = arrays.values()
            np.save(file, only, allow_pickle=False)
            return
        with zipfile.ZipFile(file, "w") as archive:  # `numpy.savez` cannot take a name like `file`
            for name, values in arrays.items():
                with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                    np.lib.format.write_array(member, values, allow_pickle=False)


def summary(name: str, kind: str, values: Array) -> str:
    """Name, type, shape, and the first elements."""
    flat = values.reshape(-1)
    first = ", ".join(str(v) for v in flat[:8].tolist())
    more = f", ... {flat.size - 8} more" if flat.size > 8 else ""
    return f"{name}: {kind}[{', '.join(map(str, values.shape))}] = {first}{more}"


def print_results(kinds: Mapping[str, str], results: Mapping[str, Array]) -> None:
    """One line for each array."""
    for name, values in results.items():
        print(summary(name, kinds[name], values), file=sys.stdout)
