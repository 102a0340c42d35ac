"""Mutants of every program in the tests and examples parse, or are refused at a place, and soon."""

from __future__ import annotations

import re
import time
import tracemalloc
from pathlib import Path
from random import Random

import pytest

import tilevm
from tilevm import TileError

ROOT = Path(__file__).parents[2]
PROGRAMS = sorted(
    path for top in ("tests/programs", "examples") for path in (ROOT / top).rglob("*.tile")
)
TOKEN = re.compile(
    r'\s+|#[^\n]*|"(?:[^"\\\n]|\\.)*"|\d+\.\d+(?:e[+-]?\d+)?|\w+|\.\.|[=!<>]=|.', re.S
)
TYPE = re.compile(r"[iu]\d+|b?f\d+|e\d+m\d+\w*|nf4|fp4")
NUMBERS = (
    "0", "1", "-1", "0.5", "1e308", "65536", "4294967296", "1000000007", "9223372036854775807",
    "9223372036854775808", "-9223372036854775808",
)  # fmt: skip
TYPES = (
    "i1", "u1", "i64", "u64", "f16", "f64", "e8m0fnu", "e2m1fn", "nf4", "i0", "i65", "e12m3",
    "fixed(i8, -2)", "fixed(u53, 1000)", "fixed(f16, 1)", "codebook(f32, [1, 2, 3])",
    "codebook(i4, [[1, 2], [3, 4]])", "codebook(nf4, [1])",
)  # fmt: skip
SECONDS, BYTES = 2.0, 200e6  # of one text, at most
EACH = 4  # mutants of each program


def mutant(random: Random, text: str) -> str:
    """The text with a few tokens deleted, doubled, swapped, renamed, or made extreme."""
    tokens = TOKEN.findall(text)
    for _ in range(random.choice((1, 1, 2, 3))):
        places = [i for i, token in enumerate(tokens) if token.strip() and token[0] != "#"]
        numbers = [i for i in places if tokens[i][0].isdigit()]
        types = [i for i in places if TYPE.fullmatch(tokens[i])]
        names = [i for i in places if tokens[i].isidentifier()]
        at, other = random.choice(places), random.choice(places)
        match random.randrange(7):
            case 0:
                tokens[at] = ""
            case 1:
                tokens[at] = f"{tokens[at]} {tokens[at]}"
            case 2:
                tokens[at], tokens[other] = tokens[other], tokens[at]
            case 3 if numbers:
                tokens[random.choice(numbers)] = random.choice(NUMBERS)
            case 4 if types:
                tokens[random.choice(types)] = random.choice(TYPES)
            case 5 if names:
                tokens[random.choice(names)] = tokens[random.choice(names)]
            case _:
                tokens[at] = random.choice(NUMBERS)
    return "".join(tokens)


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_mutants(path: Path) -> None:
    text = path.read_text("utf-8")
    for seed in range(EACH):
        broken = mutant(Random(f"{path.name} {seed}"), text)
        started = time.process_time()
        try:
            tilevm.parse(broken, "mutant.tile")
        except TileError as problem:
            for each in problem.diagnostics:
                assert each.labels, f"{each.code} has no place: {each.message}\n{broken}"
            assert str(problem)
        taken = time.process_time() - started
        assert taken < SECONDS, f"{taken:.1f} s, seed {seed}\n{broken}"


def test_extremes_take_no_memory() -> None:
    """What a text asks for is looked at before it is made."""
    texts = [path.read_text("utf-8") for path in PROGRAMS]
    random = Random(1)
    for text in random.sample(texts, 12):
        numbers = [i for i, token in enumerate(TOKEN.findall(text)) if token.isdigit()]
        tokens = TOKEN.findall(text)
        for at in random.sample(numbers, min(6, len(numbers))):
            huge = [*tokens[:at], random.choice(NUMBERS[5:]), *tokens[at + 1 :]]
            tracemalloc.start()
            try:
                tilevm.parse("".join(huge))
            except TileError:
                pass
            finally:
                _, peak = tracemalloc.get_traced_memory()
                tracemalloc.stop()
            assert peak < BYTES, f"{peak / 1e6:.0f} MB\n{''.join(huge)}"
