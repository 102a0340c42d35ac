"""Printing and parsing: a fixed point, in which no comment is lost; and a grammar fuzz."""

import re

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.lark import from_lark

import tilevm
from tilevm import TileError
from tilevm.ir import REGISTRY, Builder, Sym, verify
from tilevm.text.syntax import lark

BASE = """kernel f(x: global i8[N, 4], y: global i32[N])
where N % 4 == 0
grid (n = N / 4)
{
z = full i32[4] {value = -3}
a: i8[4, 4] = load x[n * 4, 0]
r, q = for k in 0 .. 3 carry (p = z, o = z) {
s = sum a {dims = [1]}
t = add p, s
yield t, p
}
if n == 1 {
print r {label = "#1 \\"q\\""}
} else {
barrier
}
store r, y[n * 4]
}
kernel g(x: global i8[4]) {
}
"""
LINES = BASE.splitlines()
# places where a comment may stand: behind each line, and on lines of its own before it
SPOTS = st.lists(
    st.tuples(
        st.lists(st.sampled_from(["", "  ", "# above", "#"]), max_size=3),
        st.sampled_from(["", " # behind", "#", "\t#  x "]),
        st.integers(0, 6),
    ),
    min_size=len(LINES),
    max_size=len(LINES),
)


def comments(text: str) -> list[str]:
    without_texts = re.sub(r'"(?:[^"\\]|\\.)*"', '""', text)
    return sorted(found.rstrip() for found in re.findall(r"#.*", without_texts))


@given(SPOTS, st.booleans())
def test_formatting_keeps_every_comment_and_is_a_fixed_point(spots: list, windows: bool) -> None:
    lines = []
    for line, (above, behind, indent) in zip(LINES, spots, strict=True):
        lines += [*above, " " * indent + line + behind]
    text = "\n".join(lines)
    program = tilevm.parse(text.replace("\n", "\r\n") if windows else text)
    formatted = str(program)
    assert comments(formatted) == comments(text)
    assert str(tilevm.parse(formatted)) == formatted
    assert program == tilevm.parse(BASE), "comments and blanks change the meaning"


PARTS = st.one_of(
    from_lark(lark(), start=rule).map(lambda part, form=form: form.format(part))
    for rule, form in {
        "expr": "t: i8[4] = load x[{}]",
        "type": "t: {} = load x[0]",
        "op": "{}",
        "condition": "if {} {{\n}}",
        "carry": "for k in 0 .. 3 {} {{\n}}",
    }.items()
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(PARTS)
def test_whatever_the_grammar_makes_parses_or_is_refused(part: str) -> None:
    text = f"kernel f(x: global i8[N])\n  grid (n = N)\n{{\n  a: i8[4] = load x[0]\n  {part}\n}}\n"
    try:
        program = tilevm.parse(text)
    except TileError as problem:
        assert str(problem)
        return
    for kernel in program.kernels.values():
        verify(kernel)
    assert tilevm.parse(str(program)) == program


WORDS = st.sampled_from(
    [
        *'kernel f g ( ) { } [ ] , : = + - * / % 0 1 7 0x1F 1.5 1e3 " # .. . @ for in step'.split(),
        *"carry if else yield where grid and == != < i8 f16 u1 full add load store x y n".split(),
        *["N", "global", "dot", "zero", "inf", "\n", "{value = 0}", "full i8[4] {value = 1}"],
    ]
)  # fmt: skip


@settings(max_examples=300)
@given(st.lists(WORDS, max_size=30), st.booleans())
def test_words_in_any_order_parse_or_are_refused(words: list[str], inside: bool) -> None:
    text = " ".join(words)
    if inside:
        text = f"kernel f(x: global i8[N], y: global i8[N])\n{{\n a: i8[4] = load x[0]\n{text}\n}}"
    try:
        tilevm.parse(text)
    except TileError as problem:
        assert str(problem)


@settings(max_examples=100)
@given(st.text(max_size=60))
def test_any_text_parses_or_is_refused(text: str) -> None:
    try:
        tilevm.parse(text)
    except TileError as problem:
        assert str(problem)


@given(st.text(max_size=10))
def test_texts_keep_every_character(label: str) -> None:
    build = Builder("f")
    x = build.buffer("x", "i8", 4)
    t = build.load(x[0], type="i8[4]")
    build.print_(t, label=label)
    kernel = build.kernel()
    if not any(0xD800 <= ord(c) <= 0xDFFF for c in label):
        again = tilevm.parse(str(kernel))["f"]
        assert again.body.ops[-1].label == label  # type: ignore[attr-defined]


NAMES = st.sampled_from(
    "kernel where grid in step carry else and inf nan true zero global add dot i8 _ a1".split()
)


@given(NAMES, NAMES, NAMES, NAMES)
def test_words_of_the_language_may_be_names(
    value: str, carried: str, index: str, size: str
) -> None:
    if len({value, carried, index, size, "x", "y", "r"}) < 7:
        return
    build = Builder("f")
    x, y = build.buffer("x", "i32", size), build.buffer("y", "i32", size)
    n = build.grid(index, Sym(size) / 4)
    made = build.load(x[n * 4], type="i32[4]", name=value)
    with build.loop("kk", 0, Sym(size), carry={carried: made}, names=["r"]) as loop:
        build.yield_(build.add(loop[0], made))
    build.store(loop.results[0], y[n * 4])
    kernel = build.kernel()
    assert tilevm.parse(str(kernel))["f"] == kernel


def test_the_builder_gives_the_program_of_the_text() -> None:
    build = Builder("f")
    x, y = build.buffer("x", "i8", ["N", 4]), build.buffer("y", "i32", "N")
    build.where(Sym("N") % 4, "==", 0)
    n = build.grid("n", Sym("N") / 4)
    z = build.full("i32[4]", value=-3, name="z")
    a = build.load(x[n * 4, 0], type="i8[4, 4]", name="a")
    with build.loop("k", 0, 3, carry={"p": z, "o": z}, names=["r", "q"]) as loop:
        s = build.sum(a, dims=[1], name="s")
        t = build.add(loop[0], s, name="t")
        build.yield_(t, loop[0])

    def yes() -> None:
        build.print_(loop.results[0], label='#1 "q"')

    from tilevm.ir.builder import condition

    build.if_(condition(n, "==", 1), yes, lambda: build.barrier())
    build.store(loop.results[0], y[n * 4])
    assert build.kernel() == tilevm.parse(BASE)["f"]
    assert {op.name for op in build.kernel().body.walk()} <= set(REGISTRY) | {"for", "if"}
