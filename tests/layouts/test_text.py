"""The text form: printing, reading, and what is said about text that cannot be read."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

import tilevm.layouts
from tilevm.diagnostics import Source, Span, TileError
from tilevm.layouts import Layout, parse

from .tables import layouts

SPELLINGS = [
    "local()",
    "local(1)",
    "local(1, 1)",
    "local(2, 3)",
    "spatial(8, 4)",
    "column_local(2, 3)",
    "column_spatial(2, 3, 4)",
    "replicated(3)",
    "replicated(3).local(1, 1)",
    "replicated(3).spatial(4)",
    "spatial(4).replicated(3)",
    "local(2, 1).spatial(8, 4).local(1, 2)",
    "column_local(2, 2).spatial(8, 4).local(1, 2)",
    "local(2, 1).column_spatial(4, 8).local(2, 1)",
    "spatial(2, 2).local(2, 2).spatial(2, 2)",
    "local(2, 2).local(2, 2)",
    "column_spatial(2, 3).reshape([6])",
    "local(1, 2).column_spatial(3, 1, 2).reshape([6, 2])",
]


@pytest.mark.parametrize("text", SPELLINGS[:-1])
def test_usual_spellings_print_as_written(text: str) -> None:
    assert str(parse(text)) == text


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("local(2).local(3)", "local(6)"),
        ("local(1, 2).local(2, 1)", "column_local(2, 2)"),
        (" local ( 2,\n 1, ) . spatial(8,4)", "local(2, 1).spatial(8, 4)"),
        ("spatial(3, 4).reduce([0])", "replicated(3).spatial(4)"),
        ("spatial(3, 4).permute([1, 0])", "column_spatial(4, 3)"),
        ("spatial(3, 4).unsqueeze([0]).squeeze([0])", "spatial(3, 4)"),
        ("spatial(1).local(1)", "local(1)"),
        ("replicated(2).replicated(3)", "replicated(6)"),
    ],
)
def test_other_spellings_print_the_canonical_one(text: str, printed: str) -> None:
    assert str(parse(text)) == printed


@given(layouts())
def test_text_round_trip(layout: Layout) -> None:
    text = str(layout)
    assert parse(text) == layout
    assert str(parse(text)) == text
    assert eval(text, vars(tilevm.layouts)) == layout
    call = r"[a-z_]+\(((\d+|\[[\d, ]*\])(, )?)*\)"
    assert re.fullmatch(rf"{call}(\.{call})*", text), text


@given(layouts())
def test_text_is_short(layout: Layout) -> None:
    """At most a factor for each digit, one that tells the rank, and a reshape."""
    digits = len(layout.spatial_modes) + len(layout.local_modes)
    assert str(layout).count("(") <= digits + 2


BROKEN = [
    ("", "TV0338", "expected the name of a factor, such as `local` in a layout, found the end", ""),
    ("3", "TV0338", "expected the name of a factor, such as `local` in a layout, found `3`", "3"),
    ("local", "TV0338", "expected `(` in a layout, found the end", ""),
    ("local(2", "TV0338", "expected `,` in a layout, found the end", ""),
    ("local(2 3)", "TV0338", "expected `,` in a layout, found `3`", "3"),
    ("local(,)", "TV0338", "expected an integer in a layout, found `,`", ","),
    ("local(2) * spatial(3)", "TV0338", "expected `.` or the end in a layout, found `*`", "*"),
    ("locl(2)", "TV0338", "a layout cannot start with `locl`", "locl"),
    ("local(2).spacial(2)", "TV0338", "a layout cannot have `spacial`", "spacial"),
    ("reduce([0])", "TV0338", "a layout cannot start with `reduce`", "reduce"),
    ("local(2).__init__(2)", "TV0338", "a layout cannot have `__init__`", "__init__"),
    ("local([2])", "TV0338", "`local` takes integers", "local([2])"),
    ("replicated(2, 3)", "TV0338", "`replicated` takes one integer", "replicated(2, 3)"),
    ("local(2).reduce(0)", "TV0338", "`reduce` takes one list of integers", "reduce(0)"),
    ("local(2, 0)", "TV0331", "extents must be positive integers, not local(2, 0)", "local(2, 0)"),
    ("spatial(-1)", "TV0331", "extents must be positive integers, not spatial(-1)", "spatial(-1)"),
    (
        "local(2).spatial(2, 2)",
        "TV0332",
        "cannot multiply layouts of different rank: local(2) has rank 1 and spatial(2, 2) has "
        "rank 2",
        "spatial(2, 2)",
    ),
    (
        "local(2).reduce([1])",
        "TV0334",
        "dimensions of local(2) must be different numbers from 0 to 0, not [1]",
        "reduce([1])",
    ),
    (
        "local(6).reshape([4])",
        "TV0335",
        "local(6) has 6 elements and shape [4] has 4",
        "reshape([4])",
    ),
    ("local(99999999999999999999)", "TV0338", "expected an integer below 2**63", "9" * 20),
]


@pytest.mark.parametrize(("text", "code", "message", "marked"), BROKEN)
def test_broken_text(text: str, code: str, message: str, marked: str) -> None:
    program = f"  t: i8[4] @ {text}\n"
    start = program.index("@ ") + 2
    span = Span(Source("a.tile", program), start, start + len(text))
    with pytest.raises(TileError) as caught:
        parse(text, span)
    diagnostic = caught.value.diagnostics[0]
    assert diagnostic.code == code
    assert diagnostic.message.startswith(message)
    assert diagnostic.span is not None
    assert diagnostic.span.source.name == "a.tile"
    assert diagnostic.span.text == marked
    assert diagnostic.span.start >= start
    assert code in str(caught.value)


def test_a_misspelt_name_gets_the_nearest_one() -> None:
    with pytest.raises(TileError) as caught:
        parse("local(2).spacial(2)")
    assert caught.value.diagnostics[0].help == "did you mean `spatial`?"


def test_a_span_of_other_text_is_marked_as_a_whole() -> None:
    span = Span(Source("a.tile", "local( 2 )(3)"), 0, 13)
    with pytest.raises(TileError) as caught:
        parse("local(2)(3)", span)
    assert caught.value.diagnostics[0].span == span


@given(st.text(alphabet="local(2,)[].sp \n*-é\x00", max_size=30))
def test_no_text_fails_otherwise(text: str) -> None:
    try:
        assert isinstance(parse(text), Layout)
    except TileError as failure:
        assert failure.diagnostics[0].code.startswith("TV033")


@given(st.sampled_from(SPELLINGS), st.data())
def test_text_with_one_mistake(text: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(text)))
    cut = data.draw(st.integers(0, 2))
    put = data.draw(st.sampled_from(["", "0", "(", ")", ".", ",", "[", "-", "x", "\0"]))
    try:
        assert isinstance(parse(text[:at] + put + text[at + cut :]), Layout)
    except TileError as failure:
        assert failure.diagnostics[0].code.startswith("TV033")


@pytest.mark.parametrize(
    "text",
    ["[" * 10**6, "(" * 10**6, "local(" + "[" * 10**6, "local(" + "1," * 10**5 + ")",
     "local(" + "9" * 10**6 + ")", "local(1)" + ".unsqueeze([0])" * 10**4],
    ids=["[", "(", "nested", "rank", "digits", "chain"],
)  # fmt: skip
def test_hostile_text_is_refused_in_few_words(text: str) -> None:
    with pytest.raises(TileError) as caught:
        parse(text)
    assert len(caught.value.diagnostics[0].message) < 200
