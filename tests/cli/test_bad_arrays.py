"""Array files that are damaged, hostile, or not array files."""

from __future__ import annotations

import io
import os
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.cli.folder import Folder, arrays, refused
from tilevm.cli.arrays import read_array
from tilevm.diagnostics import TileError


def npy(array: np.ndarray, pickled: bool = False) -> bytes:
    file = io.BytesIO()
    np.save(file, array, allow_pickle=pickled)
    return file.getvalue()


def with_header(shape: str, descr: str = "'<i8'", version: int = 1) -> bytes:
    header = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}\n".encode()
    return b"\x93NUMPY" + bytes([version, 0]) + len(header).to_bytes(2, "little") + header


def archive(**members: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as made:
        for name, data in members.items():
            made.writestr(f"{name}.npy", data)
    return file.getvalue()


class Boom:
    """Unpickling one leaves a file behind."""

    def __reduce__(self) -> tuple[Callable[[str], None], tuple[str]]:
        return (os.mkdir, ("unpickled",))


GOOD = npy(arrays()[1])
OBJECTS = npy(np.array([Boom()], object), pickled=True)
DAMAGED = {
    "empty": b"",
    "text": b"1 2 3\n",
    "magic alone": GOOD[:6],
    "cut in the header": GOOD[:40],
    "cut in the data": GOOD[:-3],
    "bytes to spare": GOOD + b"\0",
    "header too short": with_header("(8,)")[:30],
    "negative extent": with_header("(-8,)"),
    "overflowing shape": with_header("(4611686018427387904, 4)"),
    "shape of text": with_header("('8',)"),
    "no literal": with_header("__import__('os').mkdir('ran')"),
    "deep brackets": with_header("(" * 3000 + ")" * 3000),
    "unknown type": with_header("(8,)", "'<q9'"),
    "unknown version": with_header("(8,)", version=9),
    "structured": with_header("(0,)", "[('a', '<i8'"),
    "archive cut short": archive(x=GOOD)[:-30],
    "archive of garbage": b"PK\x03\x04" + bytes(100),
    "damaged member": archive(x=GOOD[:-3]),
}


@pytest.mark.parametrize("name", ["x.npy", "x.npz"])
@pytest.mark.parametrize("data", DAMAGED.values(), ids=list(DAMAGED))
def test_damaged_files(tilevm: Folder, data: bytes, name: str) -> None:
    tilevm.write(name, data)
    before = tilevm.files()
    outcome = tilevm("run", "gemv.tile", "gemv", "-a", "w=w.npy", "-a", f"x={name}", "-o", "o.npz")
    refused(outcome, 1, "TV0803")
    assert name in outcome.err
    assert tilevm.files() == before


@pytest.mark.parametrize("size", ["(1000000000000,)", "(10000000, 10000000, 100)"])
def test_a_header_is_not_believed(tilevm: Folder, size: str) -> None:
    tilevm.write("x.npy", with_header(size))
    outcome = tilevm("run", "gemv.tile", "gemv", "-a", "w=w.npy", "-a", "x=x.npy")
    refused(outcome, 1, "TV0803")
    assert "its header promises" in outcome.err


@pytest.mark.parametrize("place", ["x.npy", "x.npz:x"])
def test_objects_are_never_unpickled(tilevm: Folder, place: str) -> None:
    tilevm.write("x.npy", OBJECTS)
    tilevm.write("x.npz", archive(x=OBJECTS))
    outcome = tilevm("run", "gemv.tile", "gemv", "-a", "w=w.npy", "-a", f"x={place}")
    refused(outcome, 1, "TV0804")
    assert not Path("unpickled").exists()


def test_a_wrong_checksum(tilevm: Folder) -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as made:  # stored: a changed byte is no broken stream
        made.writestr("x.npy", GOOD)
    data = bytearray(file.getvalue())
    data[data.index(GOOD) + len(GOOD) - 1] ^= 1
    tilevm.write("x.npz", bytes(data))
    refused(tilevm("run", "gemv.tile", "gemv", "-a", "w=w.npy", "-a", "x=x.npz"), 1, "TV0803")


@pytest.mark.parametrize(
    ("array", "code"),
    [
        (np.array(["a", "b"]), "TV0402"),
        (np.array([1 + 2j]), "TV0402"),
        (np.array([np.nan] * 8), "TV0402"),
        (np.array([0.5] * 8), "TV0402"),
        (np.array([200] * 8), "TV0401"),
        (np.zeros((8, 1), int), "TV0412"),
        (np.zeros(9, int), "TV0412"),
        (np.zeros(0, int), "TV0412"),
        (np.array(["2020-01-01"] * 8, "datetime64[D]"), "TV0402"),
        (np.zeros(8, [("a", "<i4")]), "TV0402"),
    ],
    ids=lambda value: str(value).replace("\n", " ")[:20],
)
def test_arrays_that_do_not_fit(tilevm: Folder, array: np.ndarray, code: str) -> None:
    np.save("x.npy", array)
    refused(tilevm("run", "gemv.tile", "gemv", "-a", "w=w.npy", "-a", "x=x.npy"), 1, code)


@pytest.mark.parametrize(
    ("place", "code", "said"),
    [
        ("none.npy", "TV0801", "cannot read none.npy"),
        (".", "TV0801", "cannot read ."),
        ("none.npz:x", "TV0801", "cannot read none.npz"),
        ("data.npz:xx", "TV0805", "did you mean `data.npz:x`?"),
        ("data.npz:other", "TV0805", "its arrays: spare, w, x"),
        ("gemv.tile", "TV0803", "gemv.tile is not an array file"),
        ("a\0b.npy", "TV0803", "not an array file"),
    ],
)
def test_places_that_hold_no_array(tilevm: Folder, place: str, code: str, said: str) -> None:
    outcome = tilevm("run", "gemv.tile", "gemv", "-a", "w=w.npy", "-a", f"x={place}")
    refused(outcome, 1, code)
    assert said in outcome.err


CHANGES = st.lists(st.tuples(st.integers(0, 10**4), st.integers(0, 255)), max_size=4)


@given(st.sampled_from([GOOD, archive(x=GOOD)]), CHANGES)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_changed_file_is_read_or_told(
    tmp_path: Path, original: bytes, changes: list[tuple[int, int]]
) -> None:
    content = bytearray(original)
    for at, byte in changes:
        content[at % len(content)] = byte
    place = tmp_path / "x.npy"
    place.write_bytes(content)
    try:
        assert isinstance(read_array("x", str(place)), np.ndarray)
    except TileError as problem:
        codes = {d.code for d in problem.diagnostics}
        assert codes <= {"TV0803", "TV0804", "TV0805"}, problem
