"""What errors of facts say, and what is shown, in which order."""

import re
from typing import Any

import pytest

import tilevm
from tilevm import TileError, reference
from tilevm.diagnostics import Diagnostic

CHUNKS = (1, 60, 1 << 30)


def failed(text: str, **arguments: Any) -> Diagnostic:
    """The one error of a run, at every chunk size."""
    (kernel,) = tilevm.parse(text).kernels.values()
    found = []
    for chunk in CHUNKS:
        with pytest.raises(TileError) as caught:
            tilevm.run(kernel, arguments, chunk_bytes=chunk, output=lambda line: None)
        (problem,) = caught.value.diagnostics
        found.append(problem)
    assert {(each.code, each.message, each.notes) for each in found} == {
        (found[0].code, found[0].message, found[0].notes)
    }
    return found[0]


def said(text: str, **arguments: Any) -> list[str]:
    """What a kernel says, at every chunk size; in the reference it says the same elements."""
    (kernel,) = tilevm.parse(text).kernels.values()
    heard: list[list[str]] = []
    for chunk in CHUNKS:
        heard.append([])
        tilevm.run(kernel, arguments, chunk_bytes=chunk, output=heard[-1].append)
    assert heard[1:] == heard[:-1]
    other: list[str] = []
    reference.run(kernel, arguments, output=other.append)
    assert [*map(elements, heard[0])] == [*map(elements, other)]
    return heard[0]


def elements(line: str) -> list[str]:
    """The elements that a line shows, without brackets, and without how many are left out."""
    shown = re.split(r" =\n| changes", line)[1]
    return re.findall(r"[^\[\],\s]+", re.sub(r"\s+and \d+ more", "", shown))


COMPARED = """
kernel f(x: global {kind}[{count}], y: global {kind}[{count}])
  grid (n = {count} / {size})
{{
  a: {kind}[{size}] = load x[n * {size}]
  b: {kind}[{size}] = load y[n * {size}]
  ok = compare a, b {{pred = eq}}
  {fact} ok{attributes}
}}
"""


@pytest.mark.parametrize(
    "fact, code, what",
    [
        ("assert", "TV0408", "assertion fails"),
        ("assume", "TV0460", "assumption does not hold"),
    ],
)
def test_facts_name_the_elements_and_what_was_compared(fact: str, code: str, what: str) -> None:
    text = COMPARED.format(kind="i8", count=12, size=6, fact=fact, attributes="")
    x = list(range(12))
    found = failed(text, x=x, y=[*x[:8], 5, *x[9:]])
    assert found.code == code and found.message == f"{what} at [2], in 1 of 6 elements"
    assert found.notes == ("a = 8, b = 5 at [2]", "in thread block n = 1")


def test_a_fact_tells_of_the_first_few_and_counts_the_others() -> None:
    attributes = ' {message = "equal"}'
    text = COMPARED.format(kind="f32", count=6, size=6, fact="assert", attributes=attributes)
    found = failed(text, x=[0.5] * 6, y=[0.5, 1, 2, 3, 4, float("nan")])
    assert found.message == "assertion fails at [1], in 5 of 6 elements: equal"
    told = [f"a = 0.5, b = {at}.0 at [{at}]" for at in (1, 2, 3, 4)]
    assert found.notes == (*told, "and 1 more", "in thread block n = 0")


def test_a_fact_without_a_comparison() -> None:
    text = "kernel f(x: global u1[5])\n{\n  t: u1[5] = load x[0]\n  assume t\n}\n"
    found = failed(text, x=[1, 0, 0, 1, 0])
    assert found.message == "assumption does not hold at [1], in 3 of 5 elements"
    assert found.notes == ("also at [2], [4]",)
    text = "kernel f()\n{\n  t = full u1[] {value = 0}\n  assert t\n}\n"
    assert failed(text).message == "assertion fails"


def test_a_comparison_outside_of_a_branch_is_told_of_the_right_block() -> None:
    text = """
kernel f(x: global i8[4], y: global i8[4])
  grid (n = 4)
{
  a: i8[1] = load x[n]
  b: i8[1] = load y[n]
  ok = compare a, b {pred = lt}
  if n % 2 == 1 {
    assert ok
  }
}
"""
    found = failed(text, x=[9, 1, 9, 30], y=[0, 2, 0, 7])
    assert found.notes == ("a = 30, b = 7 at [0]", "in thread block n = 3")


def test_expect_shows_values_and_codes() -> None:
    text = """
kernel f(x: global f16[2, 2])
{
  t: f16[2, 2] = load x[0, 0]
  golden = constant f16[2, 2] {values = [nan, 0.0, -inf, 0.1]}
  expect t, golden {message = "as measured"}
}
""".replace("0.1]", "0.0999755859375]")
    found = failed(text, x=[[float("nan"), -0.0], [float("-inf"), 1.0]])
    assert found.code == "TV0461"
    assert found.message == "`t` is not `golden` at [0, 1], in 2 of 4 elements: as measured"
    assert found.notes == (
        "t = -0.0 (0x8000), golden = 0.0 (0x0000) at [0, 1]",
        "t = 1.0 (0x3c00), golden = 0.1 (0x2e66) at [1, 1]",
    )


def test_nothing_is_expected_of_nothing() -> None:
    text = (
        "kernel f()\n{\n  t = full f32[0, 3] {value = 0}\n  expect t, t\n  watch t\n  print t\n}\n"
    )
    assert len(said(text)) == 2


def test_blocks_speak_one_after_the_other() -> None:
    text = """
kernel f(x: global i8[3])
  grid (n = 3)
{
  t: i8[1] = load x[n]
  print t
  for k in 0 .. n {
    i = iota i8[1] {start = k}
    print i
  }
  if n % 2 == 0 {
    print t {label = "even"}
  }
  print t {label = "last"}
}
"""
    lines = [line.replace("\n", " ") for line in said(text, x=[7, 8, 9])]
    assert lines == [
        "t: i8[1] [n = 0] = [7]",
        "even: t: i8[1] [n = 0] = [7]",
        "last: t: i8[1] [n = 0] = [7]",
        "t: i8[1] [n = 1] = [8]",
        "i: i8[1] [n = 1] = [0]",
        "last: t: i8[1] [n = 1] = [8]",
        "t: i8[1] [n = 2] = [9]",
        "i: i8[1] [n = 2] = [0]",
        "i: i8[1] [n = 2] = [1]",
        "even: t: i8[1] [n = 2] = [9]",
        "last: t: i8[1] [n = 2] = [9]",
    ]


def test_what_was_said_before_an_error_is_heard() -> None:
    text = "kernel f(x: global u1[2])\n  grid (n = 2)\n{\n  t: u1[1] = load x[n]\n"
    kernel = tilevm.parse(text + "  print t\n  assert t\n}\n")["f"]
    lines: list[str] = []
    with pytest.raises(TileError):
        tilevm.run(kernel, x=[1, 0], output=lines.append)
    assert len(lines) == 2


@pytest.mark.parametrize(
    "kind, value, form, shown",
    [
        ("i4", "-3", "value", "-3"),
        ("i4", "-3", "decimal", "-3"),
        ("i4", "-3", "hex", "0xd"),
        ("u9", "300", "hex", "0x12c"),
        ("i3", "-1", "bits", "111"),
        ("u5", "3", "bits", "00011"),
        ("f32", "0.1", "value", "0.1"),
        ("f32", "0.1", "decimal", "0.100000001490116119384765625"),
        ("f64", "0.1", "value", "0.1"),
        ("f16", "65504.0", "value", "65504.0"),
        ("f32", "1e30", "value", "1e+30"),
        ("f16", "-0.0", "hex", "0x8000"),
        ("f16", "-inf", "decimal", "-inf"),
        ("e4m3fn", "nan", "value", "nan"),
        ("e2m1fn", "1.5", "bits", "0011"),
        ("fixed(i8, -4)", "0.0625", "value", "0.0625"),
        ("fixed(i8, -4)", "0.0625", "decimal", "0.0625"),
        ("fixed(i8, -4)", "-0.0625", "hex", "0xff"),
    ],
)
def test_formats(kind: str, value: str, form: str, shown: str) -> None:
    text = (
        f"kernel f(x: global f64[1])\n{{\n  a: f64[1] = load x[0]\n"
        f"  t = cast a {{to = {kind}}}\n  print t {{format = {form}}}\n}}\n"
    )
    kernel = tilevm.parse(text)["f"]
    lines: list[str] = []
    tilevm.run(kernel, x=[float(value)], output=lines.append)
    assert [line.partition(" =\n")[2] for line in lines] == [f"[{shown}]"]


def test_parts_and_limits() -> None:
    text = """
kernel f(x: global i8[2, 3])
{
  t: i8[2, 3] = load x[0, 0]
  print t
  print t {start = [1, 0]}
  print t {start = [0, 1], size = [2, 1], format = hex}
  print t {limit = 4}
  print t {size = [0, 3]}
}
"""
    assert said(text, x=[[1, -2, 30], [4, 5, 6]]) == [
        "t: i8[2, 3] =\n[[ 1 -2 30]\n [ 4  5  6]]",
        "t[1 .. 2, 0 .. 3]: i8[1, 3] =\n[[4 5 6]]",
        "t[0 .. 2, 1 .. 2]: i8[2, 1] =\n[[0xfe]\n [0x05]]",
        "t: i8[2, 3] =\n[ 1 -2 30  4] and 2 more",
        "t[0 .. 0, 0 .. 3]: i8[0, 3] =\n[]",
    ]


def test_the_print_options_of_numpy_change_nothing() -> None:
    np = pytest.importorskip("numpy")
    text = "kernel f()\n{\n  t = iota i32[1000]\n  print t\n}\n"
    before = said(text)
    with np.printoptions(linewidth=20, threshold=3, edgeitems=1):
        assert said(text) == before


def test_watch_shows_what_changes() -> None:
    text = """
kernel f(x: global f16[4, 2])
  grid (n = 2)
{
  for k in 0 .. 4 {
    t: f16[2] = load x[k, 0]
    if k >= n {
      watch t {label = "row"}
    }
  }
}
"""
    nan = float("nan")
    lines = said(text, x=[[1, nan], [1, nan], [-0.0, nan], [0, 2]])
    assert lines == [
        "row: t: f16[2] [n = 0] =\n[1.0 nan]",
        "row: t: f16[2] [n = 0] changes\n[0]: 1.0 -> -0.0",
        "row: t: f16[2] [n = 0] changes\n[0]: -0.0 -> 0.0\n[1]: nan -> 2.0",
        "row: t: f16[2] [n = 1] =\n[1.0 nan]",
        "row: t: f16[2] [n = 1] changes\n[0]: 1.0 -> -0.0",
        "row: t: f16[2] [n = 1] changes\n[0]: -0.0 -> 0.0\n[1]: nan -> 2.0",
    ]


def test_codes_are_shown_as_what_they_stand_for() -> None:
    pairs = "codebook(f16, [[1, 0.5], [0, -1]])"
    text = (
        f"kernel f(x: global {pairs}[3], y: global nf4[3])\n{{\n  a: {pairs}[3] = load x[0]\n"
        "  b: nf4[3] = load y[0]\n  expect b, b\n  print a\n  print b\n"
        "  watch b {format = hex, limit = 2}\n}\n"
    )
    lines: list[str] = []
    tilevm.run(tilevm.parse(text)["f"], x=[0, 1, 0], y=[0, 7, 15], output=lines.append)
    assert [line.partition(" =\n")[2] for line in lines] == [
        "[ (1.0 0.5) (0.0 -1.0)  (1.0 0.5)]",
        "[-1.0  0.0  1.0]",
        "[0x0 0x7] and 1 more",
    ]
