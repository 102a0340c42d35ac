"""The exception, the misspelling suggestion and the catalogue of codes."""

import pickle
import re

import pytest

from tilevm.diagnostics import (
    CODES,
    Diagnostic,
    Label,
    Source,
    Span,
    TileError,
    error,
    nearest,
    render,
)

OPS = ["add", "sub", "mul", "load", "store", "lookup", "bit_planes", "subset_sums", "dot"]


def test_error_builds_one_diagnostic() -> None:
    label = Label(Span(Source("s", "abc"), 0, 1), "here")
    raised = error("TV0101", "unknown", label, help="do", notes=["a", "b"])
    assert raised.diagnostics == (
        Diagnostic("TV0101", "unknown", (label,), ("a", "b"), "do", "error"),
    )
    assert raised.diagnostics[0].span == label.span
    assert error("TV0101", "unknown").diagnostics[0].span is None


def test_error_keeps_all_diagnostics_and_shows_them() -> None:
    first, second = Diagnostic("TV0101", "one"), Diagnostic("TV0102", "two")
    raised = TileError(first, second)
    assert raised.diagnostics == (first, second)
    assert str(raised) == "error[TV0101]: one\n\nerror[TV0102]: two" == render([first, second])


def test_error_survives_a_process_border() -> None:
    source = Source("s", "abc\n")
    source.position(1)
    raised = error("TV0101", "unknown", Label(Span(source, 0, 1)))
    assert pickle.loads(pickle.dumps(raised)).diagnostics == raised.diagnostics


def test_an_error_has_at_least_one_diagnostic() -> None:
    with pytest.raises(ValueError, match="at least one diagnostic"):
        TileError()


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("ad", "add"),
        ("stroe", "store"),
        ("bitplanes", "bit_planes"),
        ("subset_sum", "subset_sums"),
        ("Load", "load"),
        ("LOOKUP", "lookup"),
        ("dto", "dot"),
        ("transpose", None),
        ("x", None),
        ("", None),
    ],
)
def test_nearest(name: str, expected: str | None) -> None:
    assert nearest(name, OPS) == expected


def test_nearest_takes_the_first_of_equals_and_the_closest_of_all() -> None:
    assert nearest("wx", ["wa", "wb"]) == "wa"
    assert nearest("count", ["counts_of", "account", "counts"]) == "counts"
    assert nearest("acc", ["acc", "acc2"]) == "acc2"
    assert nearest("acc", []) is None
    assert nearest("N", ["n"]) == "n"


def test_catalogue_entries_are_whole() -> None:
    assert list(CODES) == sorted(CODES), "a file of tilevm/diagnostics/codes is not in order"
    for code, entry in CODES.items():
        assert entry.code == code
        assert re.fullmatch(r"TV[012345689]\d{3}", code), code
        assert entry.title and "\n" not in entry.title and not entry.title.endswith("."), code
        lines = entry.explanation.split("\n")
        assert 2 <= len(lines) <= 6, f"{code}: {len(lines)} lines"
        assert all(line == line.strip() and len(line) <= 100 for line in lines), code
        assert entry.explanation.endswith("."), code
