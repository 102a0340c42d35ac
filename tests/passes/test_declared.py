"""Every pass: its examples are true, its page is current, its options are checked; pipelines."""

import doctest
from pathlib import Path

import pytest

import tilevm
from tilevm import TileError
from tilevm.passes import PASSES, SAMPLES, canonicalise, ranges, step, steps, transform
from tilevm.passes.reference import reference
from tilevm.passes.registry import Example

DOCS = Path(__file__).parents[2] / "docs"
EXAMPLES = [
    pytest.param(f"{name}({example.options})", example, id=f"{name} {example.options}")
    for name, one in PASSES.items()
    for example in one.examples()
]
PROGRAM = """\
kernel f(x: global i8[N], y: global i8[N])
  grid (n = N / 4)
{
  a: i8[4] = load x[n * 4]
  unused = neg a
  store a, y[n * 4]
}
"""


@pytest.mark.parametrize(("text", "example"), EXAMPLES)
def test_examples_are_true(text: str, example: Example) -> None:
    before = tilevm.parse(example.before)
    assert str(before) == example.before
    assert str(transform(before, text)) == example.after


def test_every_pass_has_an_example_and_is_compared() -> None:
    assert all(list(one.examples()) for one in PASSES.values())
    compared = {one.of.name for text in SAMPLES for one in steps(text)}
    assert compared == set(PASSES)


def test_the_page_is_current() -> None:
    page = DOCS / "passes.md"
    assert page.read_text("utf-8") == reference(), (
        "write it anew: python -m tilevm.passes.reference > docs/passes.md"
    )


def test_examples_of_the_analysis_run() -> None:
    found = doctest.testmod(__import__(ranges.__module__, fromlist=["ranges"]))
    assert found.attempted and not found.failed


def test_a_pipeline_says_what_it_does_and_shows_each_step() -> None:
    text = "canonicalise, rewrite_dot(form = lut, group = 2), remove_dead_code"
    assert ", ".join(map(str, steps(text))) == text
    assert ", ".join(map(str, steps(" rewrite_dot ( group=2 ),canonicalise"))) == (
        "rewrite_dot(group = 2), canonicalise"
    )
    seen = []
    kernel = tilevm.parse(PROGRAM)["f"]
    sized = step("canonicalise", symbols={"N": 8})
    made = transform(kernel, [*steps("rewrite_dot"), sized], lambda *each: seen.append(each))
    assert [name for name, _ in seen] == ["rewrite_dot", "canonicalise(N = 8)"]
    assert seen[0][1] == kernel and seen[1][1] is made
    assert made == canonicalise(kernel, {"N": 8})


def test_a_program_goes_through_as_a_whole() -> None:
    program = tilevm.parse(PROGRAM + "\n" + PROGRAM.replace("f(", "g("))
    made = transform(program, "remove_dead_code")
    assert list(made) == ["f", "g"]
    assert made["g"] == canonicalise(program["g"]) and "unused" not in str(made)


@pytest.mark.parametrize(
    ("text", "code", "said"),
    [
        ("canonicalize", "TV0510", "did you mean `canonicalise`?"),
        ("everything", "TV0510", "passes: "),
        ("rewrite_dot(from = lut)", "TV0501", "did you mean `form`?"),
        ("rewrite_dot(form = lutt)", "TV0501", "did you mean `lut`?"),
        ("rewrite_dot(group = 9)", "TV0501", "must be a number from 1 to 8, not 9"),
        ("rewrite_dot(group = four)", "TV0501", "must be an integer, not `four`"),
        ("rewrite_dot(group = 2, group = 3)", "TV0501", "`group` is given twice"),
        ("remove_dead_code(all = true)", "TV0501", "it has none"),
        ("canonicalise(symbols = 3)", "TV0501", "`canonicalise` has no option `symbols`"),
        ("", "TV0511", "`` is not a list of passes"),
        ("canonicalise,", "TV0511", "is not a list of passes"),
        ("rewrite_dot(group = 2", "TV0511", "is not a list of passes"),
        ("rewrite_dot(2)", "TV0511", "is not a list of passes"),
        ("canonicalise canonicalise", "TV0511", "is not a list of passes"),
    ],
)
def test_what_is_wrong_in_a_pipeline(text: str, code: str, said: str) -> None:
    with pytest.raises(TileError) as caught:
        steps(text)
    (problem,) = caught.value.diagnostics
    assert problem.code == code and said in str(caught.value)
