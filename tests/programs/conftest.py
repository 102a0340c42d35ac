"""Small programs as tests: each `.tile` file says what it tests, and what is to come out.

The first line is ``# test: KIND``:

- ``verify``: the file is wrong where a line ends in ``#~ TV0203 TV0101``, and nowhere else.
- ``roundtrip``: formatting gives the file itself, or the file ``NAME.expected`` beside it.
- ``run``: ``# run: f([1, 2], n=[3]) == [4, 6]`` runs a kernel.  Arrays without a name go to the
  buffers that it loads from, in order.  ``{"y": [4], "z": [6]}`` for several outputs; ``raises
  TV0403`` in place of ``==`` for an error.  Every run is made with several chunk sizes, and on the
  program as each pass leaves it.
- ``check``: ``# check: f([1, 2], n=[3])`` is a checked run.  It finds what the lines of ``f`` say
  that end in ``#~ TV0440``: the main line of each report is marked, and every mark is a line of a
  report with that code.  A kernel without marks runs silently, to the result of other runs.
- ``pass``: ``# pass: canonicalise, rewrite_dot(group = 2)`` gives ``NAME.expected``, with
  ``for N = 8`` behind it for these shapes only, and all ``# run:`` lines hold.

``pytest --golden`` rewrites the expected files.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tilevm
from tilevm import TileError, passes
from tilevm.ir import Kernel, Program

NAMES: dict[str, Any] = {
    "__builtins__": {},
    "nan": float("nan"),
    "inf": float("inf"),
    "true": True,
    "false": False,
    "range": lambda *bounds: list(range(*bounds)),
    "zeros": lambda *shape: np.zeros(shape, np.int64),
    "arange": lambda *shape: np.arange(np.prod(shape)).reshape(shape),
}
CHUNKS = (1, 100, 1 << 30)


class Failed(AssertionError):
    """An expectation in a program that does not hold."""


class Call:
    """One ``# run:`` line."""

    def __init__(self, number: int, text: str) -> None:
        self.number, self.text = number, text
        matched = re.fullmatch(r"(\w+)\((.*)\)\s*(==|raises)\s*(.*)", text)
        if not matched:
            raise Failed(f"line {number}: not `f(...) == ...`: {text}")
        self.name = matched[1]
        given = eval(f"(lambda *a, **k: (a, k))({matched[2]})", NAMES)
        self.positional, self.named = given
        self.code = matched[4] if matched[3] == "raises" else None
        self.expected = None if self.code else eval(matched[4], NAMES)

    def arguments(self, kernel: Kernel) -> dict[str, Any]:
        names = [value.name for value in kernel.inputs if value.name not in self.named]
        if len(self.positional) > len(names):
            raise Failed(f"line {self.number}: {kernel.name} loads from {names} only")
        return {**dict(zip(names, self.positional, strict=False)), **self.named}

    def check(self, program: Program, how: str) -> None:
        kernel = program[self.name]
        for chunk in CHUNKS:
            try:
                found = tilevm.run(
                    kernel, self.arguments(kernel), chunk_bytes=chunk, output=lambda line: None
                )
            except TileError as problem:
                codes = [each.code for each in problem.diagnostics]
                if codes != [self.code]:
                    raise Failed(f"line {self.number}: {self.text}\n{how}:\n{problem}") from None
                continue
            if self.code:
                raise Failed(f"line {self.number}: {self.text}\n{how}: {self.code} is not raised")
            wanted = self.expected
            if not isinstance(wanted, dict):
                (only,) = found
                wanted = {only: wanted}
            for name, values in wanted.items():
                difference = first_difference(found[name], np.asarray(values))
                if difference:
                    place = f"{how}, chunks of {chunk} bytes"
                    raise Failed(
                        f"line {self.number}: {self.text}\n{place}: {name}{difference}\n{kernel}"
                    )


def first_difference(found: Any, wanted: Any) -> str:
    """Where two arrays differ first, bit for bit; '' where they do not."""
    if found.shape != wanted.shape:
        return f" has shape {list(found.shape)}, not {list(wanted.shape)}"
    same = found == wanted
    if found.dtype.kind == "f":
        same = (same & (np.signbit(found) == np.signbit(wanted))) | (
            np.isnan(found) & np.isnan(wanted.astype(float))
        )
    if np.all(same):
        return ""
    at = tuple(int(i) for i in np.argwhere(~same)[0])
    return f"{list(at)} is {found[at]}, not {wanted[at]}"


class Checked(Call):
    """One ``# check:`` line."""

    def __init__(self, number: int, text: str) -> None:
        super().__init__(number, f"{text} == {{}}")

    def check(self, program: Program, how: str) -> None:
        kernel = program[self.name]
        wanted = marks(program, self.name)
        for chunk in CHUNKS:
            place = f"line {self.number}: {self.text}\n{how}, chunks of {chunk} bytes"
            try:
                found = tilevm.run(
                    kernel,
                    self.arguments(kernel),
                    check=True,
                    chunk_bytes=chunk,
                    output=lambda line: None,
                )
            except TileError as problem:
                reports = problem.diagnostics
                main = {(each.labels[0].span.line, each.code) for each in reports}
                named = {(at.span.line, each.code) for each in reports for at in each.labels}
                if not main <= wanted <= named:
                    missing, extra = sorted(wanted - named), sorted(main - wanted)
                    text = f"missing {missing}, unexpected {extra}"
                    raise Failed(f"{place}: {text}\n{problem}") from None
                continue
            if wanted:
                raise Failed(f"{place}: nothing is found")
            plain = tilevm.run(kernel, self.arguments(kernel), output=lambda line: None)
            for name, values in plain.items():
                difference = first_difference(found[name], values)
                if difference:
                    raise Failed(f"{place}: {name}{difference}, in the unchecked run")


def marks(program: Program, name: str) -> set[tuple[int, str]]:
    """The lines of a kernel that say what is wrong with them, and what."""
    spans = [kernel.loc.span for kernel in program.kernels.values()]
    starts = [span.line for span in spans if span is not None]
    first = starts[list(program).index(name)]
    last = min((start for start in starts if start > first), default=1 << 30)
    found = set()
    for number, line in enumerate(spans[0].source.text.splitlines(), 1) if spans[0] else ():
        _, _, listed = line.partition("#~")
        found |= {(number, code) for code in listed.split() if first <= number < last}
    return found


class ProgramItem(pytest.Item):
    """One file, checked in process."""

    def __init__(self, *, kind: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.kind = kind

    def runtest(self) -> None:
        text = self.path.read_text("utf-8")
        checks: dict[str, Callable[[str], None]] = {
            "verify": self.verify,
            "roundtrip": self.roundtrip,
            "run": self.run_lines,
            "pass": self.passed,
            "check": self.checked,
        }
        checks[self.kind](text)

    def verify(self, text: str) -> None:
        wanted: set[tuple[int, str]] = set()
        for number, line in enumerate(text.splitlines(), 1):
            _, _, listed = line.partition("#~")
            wanted |= {(number, code) for code in listed.split()}
        if not wanted:
            raise Failed("no line ends in `#~ CODE`")
        try:
            tilevm.parse(text, self.path.name)
        except TileError as problem:
            found = {(each.labels[0].span.line, each.code) for each in problem.diagnostics}
            if found != wanted:
                missing, extra = sorted(wanted - found), sorted(found - wanted)
                raise Failed(f"missing {missing}, unexpected {extra}\n{problem}") from None
            return
        raise Failed("the file is accepted")

    def roundtrip(self, text: str) -> None:
        formatted = str(tilevm.parse(text, self.path.name))
        expected = self.path.with_suffix(".expected")
        if expected.exists():
            self.golden(formatted)
        elif formatted != text:
            raise Failed(f"formatting changes it to\n{formatted}")
        if str(tilevm.parse(formatted)) != formatted:
            raise Failed("formatting what is formatted changes it")

    def golden(self, text: str) -> None:
        expected = self.path.with_suffix(".expected")
        if self.config.getoption("golden"):
            expected.write_text(text, "utf-8")
        if expected.read_text("utf-8") != text:
            raise Failed(f"{expected.name} is different (`pytest --golden` rewrites it):\n{text}")

    def run_lines(self, text: str) -> None:
        program = tilevm.parse(text, self.path.name)
        calls = list(calls_in(text))
        if not calls:
            raise Failed("no line says `# run: f(...) == ...`")
        for call in calls:
            call.check(program, "as written")
            call.check(tilevm.parse(str(program)), "printed and parsed again")
            for text_of_pass in passes.SAMPLES:
                made = passes.transform(program, text_of_pass)
                if made != program:
                    call.check(made, f"after {text_of_pass}")

    def checked(self, text: str) -> None:
        program = tilevm.parse(text, self.path.name)
        calls = list(calls_in(text, "check", Checked))
        if {call.name for call in calls} != set(program):
            raise Failed("every kernel has a line that says `# check: f(...)`")
        for call in calls:
            call.check(program, "as written")

    def passed(self, text: str) -> None:
        stated = re.search(r"^# pass: (.*?)(?: for (\w+) = (\d+))?$", text, re.MULTILINE)
        if not stated:
            raise Failed("no line says `# pass: NAME(...)`")
        program = tilevm.parse(text, self.path.name)
        steps = passes.steps(stated[1])
        if stated[2]:
            steps = [passes.Step(one.of, {"symbols": {stated[2]: int(stated[3])}}) for one in steps]
        after = passes.transform(program, steps)
        kernels = after.kernels.values()
        self.golden("\n".join(re.sub(r"^ *#.*\n", "", str(k), flags=re.M) for k in kernels))
        for call in calls_in(text):
            call.check(program, "before the pass")
            call.check(after, "after the pass")

    def repr_failure(self, excinfo: Any, style: Any = None) -> Any:
        if isinstance(excinfo.value, Failed):
            return f"{self.path}: {excinfo.value}"
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int, str]:
        return self.path, 0, f"{self.kind}: {self.path.name}"


def calls_in(text: str, kind: str = "run", made: type[Call] = Call) -> Iterator[Call]:
    """The ``# run:`` lines of a file."""
    for number, line in enumerate(text.splitlines(), 1):
        if line.lstrip().startswith(f"# {kind}: "):
            yield made(number, line.lstrip().removeprefix(f"# {kind}: "))


class ProgramFile(pytest.File):
    def collect(self) -> Iterator[ProgramItem]:
        first = self.path.read_text("utf-8").partition("\n")[0]
        kind = first.removeprefix("# test: ")
        if kind not in ("verify", "roundtrip", "run", "pass", "check"):
            raise self.CollectError(f"{self.path}: the first line must be `# test: KIND`: {first}")
        yield ProgramItem.from_parent(self, name=self.path.stem, kind=kind)


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.File | None:
    if file_path.suffix == ".tile":
        return ProgramFile.from_parent(parent, path=file_path)
    return None
