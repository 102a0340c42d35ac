"""Positions in a source text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tilevm.diagnostics import Source, Span

texts = st.text(alphabet="ab \t\n\r漢\u0301")


@given(texts, st.integers(0, 50))
def test_position_counts_line_ends_before_the_offset(text: str, offset: int) -> None:
    offset = min(offset, len(text))
    before = text[:offset].split("\n")
    assert Source("s", text).position(offset) == (len(before), len(before[-1]) + 1)


@given(texts)
def test_lines_are_the_text_without_line_ends(text: str) -> None:
    source = Source("s", text)
    lines = [source.line(number) for number in range(1, source.line_count + 1)]
    *ended, last = text.split("\n")
    assert lines == [line.removesuffix("\r") for line in ended] + [last]


def test_an_offset_outside_the_text_is_moved_to_its_end() -> None:
    source = Source("s", "ab\ncd")
    assert source.position(-3) == (1, 1)
    assert source.position(99) == (2, 3)


@pytest.mark.parametrize("number", [0, 3, -1])
def test_no_such_line(number: int) -> None:
    with pytest.raises(IndexError, match=f"s has lines 1 to 2, not {number}"):
        Source("s", "ab\ncd").line(number)


def test_span_knows_its_place_and_text() -> None:
    span = Span(Source("s", "ab\ncde f"), 4, 6)
    assert (span.line, span.column, span.text) == (2, 2, "de")


def test_to_covers_both_in_either_order() -> None:
    source = Source("s", "abcdefgh")
    first, second = Span(source, 1, 3), Span(source, 5, 6)
    assert first.to(second) == second.to(first) == Span(source, 1, 6)
    assert Span(source, 0, 8).to(second) == Span(source, 0, 8)


def test_to_refuses_two_sources() -> None:
    with pytest.raises(ValueError, match="cannot join a span of s with one of t"):
        Span(Source("s", "ab"), 0, 1).to(Span(Source("t", "ab"), 0, 1))
