"""The text form, character by character."""

import re

from hypothesis import given
from hypothesis import strategies as st

from tilevm.diagnostics import Diagnostic, Label, Source, Span, error, render
from tilevm.diagnostics.visible import draw, printable


def at(source: Source, text: str, message: str = "") -> Label:
    start = source.text.index(text)
    return Label(Span(source, start, start + len(text)), message)


def text_of(*labels: Label, message: str = "m", **more: object) -> str:
    return str(error("TV0001", message, *labels, **more))  # type: ignore[arg-type]


def test_the_example_of_the_style_guide() -> None:
    source = Source("add_widths.tile", "kernel k() {\n  acc = f\n  s = add acc, x\n}\n")
    acc = source.text.rindex("acc")
    raised = error(
        "TV0203",
        "operands of `add` have different types",
        at(source, "x", "this is i8[16]"),
        Label(Span(source, acc, acc + 3), "this is i12[16]"),
        help="cast first: `t = cast x {to = i12}`",
    )
    assert (
        str(raised)
        == """\
error[TV0203]: operands of `add` have different types
 --> add_widths.tile:3:16
  |
3 |   s = add acc, x
  |           --- this is i12[16]
  |                ^ this is i8[16]
  |
  = help: cast first: `t = cast x {to = i12}`"""
    )


def test_without_a_place_there_is_one_line_and_the_footers() -> None:
    assert text_of() == "error[TV0001]: m"
    assert text_of(notes=["n1\nn2"], help="h") == (
        "error[TV0001]: m\n  = note: n1\n          n2\n  = help: h"
    )


def test_severity_is_shown() -> None:
    assert render([Diagnostic("TV0001", "m", severity="warning")]) == "warning[TV0001]: m"


def test_labels_on_several_lines_and_in_several_sources() -> None:
    source = Source("a", "".join(f"line {n}\n" for n in range(1, 13)))
    other = Source("b", "other")
    labels = (
        at(source, "12", "twelve"),
        at(source, "e 9", "nine"),
        at(source, "e 7", "seven"),
        at(other, "other", "first\nsecond"),
    )
    assert (
        text_of(*labels)
        == """\
error[TV0001]: m
  --> a:12:6
   |
 7 | line 7
   |    --- seven
 8 | line 8
 9 | line 9
   |    --- nine
...
12 | line 12
   |      ^^ twelve
  ::: b:1:1
   |
 1 | other
   | ----- first
   |       second"""
    )


def test_silent_labels_share_a_row_unless_they_touch() -> None:
    source = Source("s", "a bb cccc")
    labels = (at(source, "cccc", "message"), at(source, "a"), at(source, "bb"), at(source, "cc"))
    assert text_of(*labels).split("\n")[3:] == [
        "1 | a bb cccc",
        "  | - -- ^^^^ message",
        "  |      --",
    ]


def test_a_span_of_several_lines_marks_its_ends() -> None:
    source = Source("s", "for {\n  a\n  b\n  }\n")
    span = Span(source, 4, source.text.index("}") + 1)
    assert text_of(Label(span, "block")).split("\n")[3:] == [
        "1 | for {",
        "  |     ^",
        "...",
        "4 |   }",
        "  |   ^ block",
    ]


def test_a_span_with_its_line_end_stays_on_its_line() -> None:
    for end in ("\n", "\r\n"):
        source = Source("s", f"abc{end}def")
        shown = text_of(Label(Span(source, 1, 3 + len(end)), "x")).split("\n")
        assert shown[3:] == ["1 | abc", "  |  ^^ x"]


def test_empty_spans_and_the_end_of_the_text_get_one_caret() -> None:
    source = Source("s", "ab")
    assert text_of(Label(Span(source, 2, 2), "cut short")).endswith("1 | ab\n  |   ^ cut short")
    assert text_of(Label(Span(source, 0, 0))).endswith("1 | ab\n  | ^")
    assert text_of(Label(Span(Source("s", ""), 0, 0), "empty")).endswith("1 |\n  | ^ empty")
    assert text_of(Label(Span(Source("s", "a\n"), 2, 2))).endswith("2 |\n  | ^")


def test_tabs_wide_and_combining_characters_do_not_shift_carets() -> None:
    source = Source("s", "\ta\u0301\t漢字 = x")
    assert text_of(at(source, "字", "w"), at(source, "x", "n"), at(source, "\u0301", "c")).split(
        "\n"
    )[3:] == [
        "1 |     a\u0301   漢字 = x",
        "  |     - c",
        "  |           ^^ w",
        "  |                - n",
    ]


def test_hidden_characters_are_escaped_everywhere() -> None:
    hidden = "\x1b[2J\u202e\x00\udc80\r"
    source = Source(f"n{hidden}", f"{hidden}x")
    shown = text_of(
        at(source, "x", hidden), message=hidden, notes=[hidden, f"{hidden}\n{hidden}"], help=hidden
    )
    escaped = r"\x1b[2J\u202e\x00\udc80\r"
    assert shown.count(escaped) == 8
    assert re.fullmatch(r"[ -~\n]*", shown)
    assert f"  | {' ' * len(escaped)}^ {escaped}" in shown


def test_a_long_line_is_cut_around_each_label() -> None:
    source = Source("s", "(" * 500_000 + "x" + ")" * 400_000 + "y" + ")" * 100_000)
    shown = text_of(at(source, "x", "first"), at(source, "y", "second")).split("\n")
    assert max(map(len, shown)) < 140
    lines = [n for n, line in enumerate(shown) if line.startswith("1 | ...")]
    assert len(lines) == 2
    for number, char, mark in zip(lines, "xy", "^-", strict=True):
        assert shown[number].endswith("...")
        assert shown[number].index(char) == shown[number + 1].index(mark)


def test_a_long_label_and_the_ends_of_a_long_line() -> None:
    source = Source("s", "a" + "-" * 1_000_000 + "z")
    everything = text_of(Label(Span(source, 0, len(source.text)), "all")).split("\n")
    assert everything[3].startswith("1 | a---") and everything[3].endswith("...")
    assert everything[4] == "  | " + "^" * 120 + " all"
    end = text_of(Label(Span(source, len(source.text), len(source.text)), "end")).split("\n")
    assert end[3].startswith("1 | ...") and end[3].endswith("-z")
    assert end[4].index("^") == len(end[3])


def test_a_long_message_is_cut_in_its_middle() -> None:
    shown = text_of(message="unknown name `" + "a" * 1_000_000 + "`")
    assert len(shown) < 1100
    assert shown.startswith("error[TV0001]: unknown name `aaa") and shown.endswith("aaa`")


# Widths as terminals give them (Unicode Standard Annex 11); escapes take one column per character.
WIDTHS = {"a": 1, " ": 1, "\u00e9": 1, "漢": 2, "Ａ": 2, "\U0001f600": 2, "\x1b": 4, "\u200b": 6}
MARK = "\u0301"


@given(st.lists(st.sampled_from(sorted(WIDTHS))), st.sets(st.integers(0, 30)), st.integers(0, 30))
def test_carets_stand_under_their_characters(chars: list[str], marked: set[int], at: int) -> None:
    at = min(at, len(chars))
    clusters = [char + MARK * (n in marked) for n, char in enumerate(chars)]
    offset = len("".join(clusters[:at]))
    columns = draw("".join(clusters))[1]
    assert columns[offset] == sum(WIDTHS[char] for char in chars[:at])


@given(st.text(alphabet="ab\t", max_size=30))
def test_tabs_are_expanded_as_str_expandtabs_does(line: str) -> None:
    drawn, columns = draw(line)
    assert drawn == line.expandtabs(4)
    assert columns == [len(line[:n].expandtabs(4)) for n in range(len(line) + 1)]


@given(st.text(), st.integers(0, 60), st.integers(0, 60), st.sampled_from(["text", "json"]))
def test_no_span_makes_rendering_fail(text: str, start: int, end: int, format: str) -> None:
    label = Label(Span(Source("s", text), start, end), text)
    shown = render(error("TV0001", text, label).diagnostics, format)
    assert printable(shown, keep="\n") == shown
