"""Functions: built from Python, too large, and in errors, checked runs and events."""

import sys

import numpy as np
import pytest

import tilevm
from tilevm import TileError, passes
from tilevm.diagnostics import Diagnostic
from tilevm.ir import Builder, Call, Function, Kernel, Program, Value, verify
from tilevm.measure import stats
from tilevm.reference import run as by_reference

TEXT = """\
function both(a: i8[8], b: i8[8]) {
  s = add a, b
  d = sub a, b
  yield s, d
}

function twice(a: i8[8]) {
  s, d = call both(a, a)
  yield s
}

function nothing() {
}

kernel f(x: global i8[8], y: global i8[8])
{
  t: i8[8] = load x[0]
  p, q = call both(t, t)
  r: i8[8] = call twice(p)
  call nothing()
  store r, y[0]
}
"""


def build() -> Builder:
    k = Builder("f")
    x, y = k.buffer("x", "i8", 8), k.buffer("y", "i8", 8)
    with k.function("both", a="i8[8]", b="i8[8]") as both:
        s = k.add(both["a"], both["b"], name="s")
        k.yield_(s, k.sub(both["a"], both["b"], name="d"))
    with k.function("twice", a="i8[8]") as twice:
        s, _ = k.call(both, twice["a"], twice["a"], name=["s", "d"])
        k.yield_(s)
    with k.function("nothing") as nothing:
        pass
    t = k.load(x[0], type="i8[8]", name="t")
    p, _ = k.call(both, t, t, name=["p", "q"])
    r = k.call(twice, p, name="r", type="i8[8]")
    assert k.call(nothing) is None
    k.store(r, y[0])
    return k


def first(problem: pytest.ExceptionInfo[TileError]) -> Diagnostic:
    return problem.value.diagnostics[0]


def test_the_builder_gives_the_program_of_the_text() -> None:
    program = tilevm.parse(TEXT)
    kernel = build().kernel()
    assert kernel == program["f"]
    assert str(kernel) == TEXT
    assert build().program() == program
    assert tilevm.run(kernel, x=range(8))["y"].tolist() == [4 * i for i in range(8)]


def test_programs_with_other_functions_differ() -> None:
    program = tilevm.parse(TEXT)
    other = tilevm.parse(TEXT.replace("sub a, b", "sub b, a"))
    assert program["f"] != other["f"]
    assert program.functions["both"] != other.functions["both"]
    assert program.functions["twice"] != other.functions["twice"]  # it calls the other `both`
    unused = tilevm.parse(TEXT + "\nfunction more() {\n}\n")
    assert unused["f"] == program["f"]
    assert unused != program
    assert str(unused).endswith("function more() {\n}\n")


def test_a_function_is_no_kernel() -> None:
    with pytest.raises(TileError) as caught:
        tilevm.parse(TEXT)["both"]
    assert first(caught).code == "TV0101"
    with pytest.raises(TileError) as caught:
        tilevm.parse("function f() {\n}\n")
    assert first(caught).code == "TV0001"


def test_a_function_is_called_behind_its_end() -> None:
    k = Builder("f")
    with k.function("g", a="i8[8]") as g, pytest.raises(TileError) as caught:
        k.call(g, g["a"])
    assert first(caught).code == "TV0107"


def test_a_function_sees_nothing_of_its_caller() -> None:
    k = Builder("f")
    n = k.grid("n", 4)
    t = k.full("i8[8]", value=1)
    with k.function("tile") as tile:
        k.yield_(k.neg(t))
    with k.function("index") as index:
        k.yield_(k.iota("i32[4]", start=n))
    k.call(tile)
    k.call(index)
    with pytest.raises(TileError) as caught:
        k.kernel()
    assert [each.code for each in caught.value.diagnostics] == ["TV0101", "TV0101"]


def test_two_functions_of_one_name() -> None:
    k = Builder("f")
    for _ in range(2):
        with k.function("g") as g:
            pass
        k.call(g)
    with pytest.raises(TileError) as caught:
        k.kernel()
    assert first(caught).code == "TV0102"


def test_passes_leave_no_call() -> None:
    program = tilevm.parse(TEXT)
    for text in passes.SAMPLES:
        made = passes.transform(program, text)
        assert isinstance(made, Program)
        assert not made.functions and not made["f"].functions
        verify(made["f"])
        assert tilevm.parse(str(made)) == made


def test_an_error_points_into_the_function_and_says_where_it_is_called() -> None:
    text = TEXT.replace("add a, b", "add a, b {overflow = trap}")
    program = tilevm.parse(text, "f.tile")
    line = text.splitlines().index("  s, d = call both(a, a)") + 1
    outer = text.splitlines().index("  r: i8[8] = call twice(p)") + 1
    with pytest.raises(TileError) as caught:
        tilevm.run(program["f"], x=[40] * 8)
    problem = first(caught)
    assert problem.code == "TV0407"
    assert problem.span is not None and problem.span.line == 2
    called = (f"called at f.tile:{line}", f"called at f.tile:{outer}")
    assert problem.notes == ("p = 80 at [0]", *called)


def test_a_checked_run_reports_overflow_in_a_function_with_its_calls() -> None:
    program = tilevm.parse(TEXT, "f.tile")
    assert tilevm.run(program["f"], check=True, x=[4] * 8)["y"].tolist() == [16] * 8
    with pytest.raises(TileError) as caught:
        tilevm.run(program["f"], check=True, x=[40] * 8)
    assert first(caught).span is not None
    assert [d.span.line for d in caught.value.diagnostics if d.span] == [2]
    assert first(caught).notes[-2:] == ("called at f.tile:8", "called at f.tile:19")


def test_an_index_that_is_wrong_in_a_function_says_where_it_is_called() -> None:
    text = """\
kernel f(y: global i32[4]) {
  t = call g()
  store t, y[0]
}
function g() {
  zero = full i32[4] {value = 0}
  s = for k in 0 .. 2 carry (p = zero) {
    t = iota i32[4] {start = 4 / k}
    yield t
  }
  yield s
}
"""
    with pytest.raises(TileError) as caught:
        tilevm.run(tilevm.parse(text, "f.tile")["f"])
    problem = first(caught)
    assert problem.code == "TV0404"
    assert problem.span is not None and problem.span.line == 8
    assert problem.notes == ("called at f.tile:2",)


def test_events_name_the_values_of_the_kernel_written_out() -> None:
    seen: dict[str, list[int]] = {}

    def observe(event: tilevm.vm.Event) -> None:
        seen[event.value.name] = event.data[0].tolist()

    tilevm.run(tilevm.parse(TEXT)["f"], observe=observe, x=[1] * 8)
    names = [op.results[0].name for op in passes.inline(tilevm.parse(TEXT)["f"]).body.ops[:-1]]
    assert list(seen) == names
    assert seen["r"] == [4] * 8


def doubling(count: int) -> str:
    """Functions that each call the one above twice."""
    text = "function f0(a: i32[1]) {\n  b = add a, a\n  yield b\n}\n"
    for i in range(1, count):
        text += f"function f{i}(a: i32[1]) {{\n  b = call f{i - 1}(a)\n"
        text += f"  c = call f{i - 1}(b)\n  yield c\n}}\n"
    calls = "".join(f"  {name} = call f{count - 1}(a)\n" for name in "tu")
    return f"kernel k(x: global i32[1]) {{\n  a: i32[1] = load x[0]\n{calls}}}\n{text}"


def chain(count: int) -> str:
    """Functions that each call the one below."""
    parts = [f"function f{i}() {{\n  call f{i + 1}()\n}}" for i in range(count - 1)]
    return (
        "\n".join(["kernel k() {\n  call f0()\n}", *parts, f"function f{count - 1}() {{\n}}"])
        + "\n"
    )


def test_calls_that_grow_without_bound_are_refused_at_once() -> None:
    with pytest.raises(TileError) as caught:
        tilevm.parse(doubling(40))
    assert {each.code for each in caught.value.diagnostics} == {"TV0108"}
    nothing = doubling(40).replace("  b = add a, a\n  yield b\n", "  yield a\n")
    with pytest.raises(TileError) as caught:  # no statement comes of it, but no end either
        tilevm.parse(nothing)
    assert {each.code for each in caught.value.diagnostics} == {"TV0108"}
    kernel = tilevm.parse(doubling(17))["k"]  # one call is 65536 statements, two are too many
    with pytest.raises(TileError) as caught:
        tilevm.run(kernel, x=[1])
    assert first(caught).code == "TV0108"


def test_calls_inside_calls() -> None:
    assert tilevm.run(tilevm.parse(chain(64))["k"]) == {}
    with pytest.raises(TileError) as caught:
        tilevm.parse(chain(65))
    assert first(caught).code == "TV0108"
    with pytest.raises(TileError) as caught:
        tilevm.parse(chain(2 * sys.getrecursionlimit()))
    assert {each.code for each in caught.value.diagnostics} == {"TV0108"}


def test_a_circle_is_named() -> None:
    text = chain(3).replace("function f2() {\n", "function f2() {\n  call f1()\n")
    with pytest.raises(TileError) as caught:
        tilevm.parse(text)
    problem = first(caught)
    assert problem.code == "TV0107"
    assert problem.message == "`f1` comes to call itself: f1 -> f2 -> f1"


def test_the_reference_runs_calls_by_itself() -> None:
    program = tilevm.load("tests/programs/run/calls.tile")
    x = np.arange(-6, 6, dtype=np.int64)
    found = by_reference(program["powers"], x=x)["y"]
    assert found == [4 * i * i + 6 * i + 9 for i in x.tolist()]


def test_a_call_is_checked_where_it_is_built() -> None:
    a, b = (Value("a", tilevm.ir.TileType.parse(t)) for t in ("i8[4]", "i8[8]"))
    g = Function("g", (a,), tilevm.ir.Block((), (a,)))
    assert Call(function=g, arguments=(a,)).out.type == a.type
    for arguments, code in (((), "TV0202"), ((b,), "TV0203")):
        with pytest.raises(TileError) as caught:
            Call(function=g, arguments=arguments)
        assert first(caught).code == code


def test_the_kernel_written_out_is_kept_with_it() -> None:
    kernel = tilevm.parse(TEXT)["f"]
    first_time, again = (tilevm.vm.bind(kernel, {"x": [1] * 8}).kernel for _ in range(2))
    assert isinstance(first_time, Kernel)
    assert first_time is again


def test_counts_are_those_of_the_calls_written_out() -> None:
    counted = stats(tilevm.parse(TEXT)["f"]).ops
    lines = [(each.op, each.runs) for each in counted]
    assert lines.count(("add", 1)) == 2
    assert not any(op == "call" for op, _ in lines)
