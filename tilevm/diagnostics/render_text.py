"""Diagnostics for people: the source line, carets below it, notes and help."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tilevm.diagnostics.diagnostic import Diagnostic
from tilevm.diagnostics.span import Source, Span
from tilevm.diagnostics.visible import draw, printable

LONG_LINE = 160  # characters; a longer line is cut
WINDOW = 120  # characters kept of a cut line
BEFORE = 30  # of them, before the first label
LONG_MESSAGE = 1000  # characters; a longer line of a message is cut in its middle


@dataclass(frozen=True)
class _Mark:
    """The part of a label that lies on one line: characters ``start`` to ``end`` of that line."""

    start: int
    end: int
    char: str
    message: str


def render_text(diagnostics: Sequence[Diagnostic]) -> str:
    """The diagnostics in order, an empty line between two."""
    return "\n\n".join("\n".join(_diagnostic(diagnostic)) for diagnostic in diagnostics)


def _diagnostic(diagnostic: Diagnostic) -> Iterator[str]:
    yield from _hanging(f"{diagnostic.severity}[{diagnostic.code}]: ", diagnostic.message)
    sources = _marks_by_line(diagnostic)
    gutter = max((len(str(line)) for _, marks in sources.values() for line in marks), default=1)
    arrow = "-->"
    for source, (first, marks) in sources.items():
        name = printable(source.name)
        yield f"{' ' * gutter}{arrow} {name}:{first.line}:{first.column}"
        yield f"{' ' * gutter} |"
        yield from _excerpts(source, marks, gutter)
        arrow = ":::"
    footers = [("note", note) for note in diagnostic.notes]
    if diagnostic.help is not None:
        footers.append(("help", diagnostic.help))
    if sources and footers:
        yield f"{' ' * gutter} |"
    for kind, text in footers:
        yield from _hanging(f"{' ' * gutter} = {kind}: ", text)


def _hanging(head: str, text: str) -> Iterator[str]:
    """``text`` after ``head``; its further lines are indented to the same column."""
    for line in text.split("\n"):
        if len(line) > LONG_MESSAGE:
            line = f"{line[: LONG_MESSAGE // 2]} ... {line[-LONG_MESSAGE // 2 :]}"
        yield (head + printable(line)).rstrip()
        head = " " * len(head)


def _marks_by_line(
    diagnostic: Diagnostic,
) -> dict[Source, tuple[Span, dict[int, list[_Mark]]]]:
    """For each source, in order of mention: its first span, and the marks on each of its lines."""
    sources: dict[Source, tuple[Span, dict[int, list[_Mark]]]] = {}
    for index, label in enumerate(diagnostic.labels):
        span = label.span
        _, marks = sources.setdefault(span.source, (span, {}))
        for line, mark in _split(span, "-" if index else "^", label.message):
            marks.setdefault(line, []).append(mark)
    return sources


def _split(span: Span, char: str, message: str) -> Iterator[tuple[int, _Mark]]:
    """A span's marks: one, or for a span of several lines one on its first and on its last line."""
    source = span.source
    first, column = source.position(span.start)
    # The last character decides, so that a span with its line end stays on one line.
    last, last_column = source.position(max(span.start, span.end - 1))
    if first == last:
        end = last_column if span.end > span.start else column - 1
        yield first, _Mark(column - 1, end, char, message)
        return
    yield first, _Mark(column - 1, len(source.line(first)), char, "")
    text = source.line(last)
    indent = len(text) - len(text.lstrip())
    yield last, _Mark(min(indent, last_column - 1), last_column, char, message)


def _excerpts(source: Source, marks: dict[int, list[_Mark]], gutter: int) -> Iterator[str]:
    previous: int | None = None
    for number in sorted(marks):
        if previous is not None and number == previous + 2:
            yield from _excerpt(source.line(number - 1), [], number - 1, gutter)
        elif previous is not None and number > previous + 2:
            yield "..."
        line = source.line(number)
        for group in _windows(sorted(marks[number], key=lambda mark: mark.start), len(line)):
            yield from _excerpt(line, group, number, gutter)
        previous = number


def _windows(marks: list[_Mark], length: int) -> Iterator[list[_Mark]]:
    """The marks of one line in groups that are shown together; one group unless the line is cut."""
    group: list[_Mark] = []
    for mark in marks:
        if group and length > LONG_LINE and mark.end - group[0].start > WINDOW - BEFORE:
            yield group
            group = []
        group.append(mark)
    yield group


def _excerpt(line: str, marks: list[_Mark], number: int, gutter: int) -> Iterator[str]:
    """The line, cut if it is long, and below it the marks."""
    low, high = 0, len(line)
    if high > LONG_LINE:
        low = max(0, min(marks[0].start - BEFORE if marks else 0, high - WINDOW))
        high = low + WINDOW
    head = "..." if low else ""
    drawn, columns = draw(line[low:high])
    tail = "..." if high < len(line) else ""
    yield f"{number:>{gutter}} | {head}{drawn}{tail}".rstrip()

    for row in _rows(marks):
        text = ""
        for mark in row:
            at, end = (min(max(offset, low), high) - low for offset in (mark.start, mark.end))
            text = text.ljust(len(head) + columns[at])
            text += mark.char * max(1, columns[end] - columns[at])
        yield from (f"{' ' * gutter} | {part}" for part in _hanging(f"{text} ", row[-1].message))


def _rows(marks: list[_Mark]) -> Iterator[list[_Mark]]:
    """The marks that share a row below the line: only the last of a row may have a message."""
    row: list[_Mark] = []
    for mark in marks:
        if row and (row[-1].message or mark.start <= row[-1].end):
            yield row
            row = []
        row.append(mark)
    if row:
        yield row
