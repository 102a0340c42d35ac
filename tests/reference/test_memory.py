"""Buffers: bounds, undefined elements and races, in random kernels in which these are common."""

from __future__ import annotations

from collections import Counter
from random import Random
from typing import Any

import numpy as np
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

import tilevm
from tests.reference.agreement import assert_agreement


def index(random: Random, names: list[str]) -> str:
    """An index expression, mostly small."""
    name = random.choice(names)
    forms = ["{n}", "{n} * 2", "{n} - 1", "{n} % 2", "3 - {n}", "{n} / 2", "0", "1", "2", "4 / {n}"]
    return random.choice(forms[:-1] * 3 + forms[-1:]).format(n=name)


def statements(random: Random, names: list[str], depth: int, serial: list[int]) -> list[str]:
    """Loads, stores, loops and branches on the buffers x, y and the shared s."""
    found = []
    for _ in range(random.randint(1, 3)):
        serial[0] += 1
        number = serial[0]
        kind = random.random()
        if depth and kind < 0.15:
            inner = statements(random, [*names, f"k{number}"], depth - 1, serial)
            head = f"for k{number} in {index(random, names)} .. {index(random, names)} step 1 {{"
            found += [head, *inner, "}"]
        elif depth and kind < 0.35:
            compared = f"{index(random, names)} {random.choice(['==', '<', '!='])} 1"
            also = f" and {index(random, names)} < 2" if random.random() < 0.3 else ""
            found += [f"if {compared}{also} {{", *statements(random, names, depth - 1, serial), "}"]
        elif kind < 0.55:
            found += indexed(random, names, number)
        elif kind < 0.7:
            found += copied(random, names, number)
        else:
            source, target = random.choice("xxxys"), random.choice("yyyss")
            size, short = random.choice([1, 1, 1, 2]), random.random() < 0.3
            zero, skip = ("{oob = zero}", "{oob = skip}") if short else ("", "")
            found.append(f"t{number}: i8[{size}] = load {source}[{index(random, names)}] {zero}")
            found.append(f"store t{number}, {target}[{index(random, names)}] {skip}")
    return found


def indexed(random: Random, names: list[str], number: int) -> list[str]:
    """An index tile, and a gather, scatter or atomic that goes by it."""
    size = random.choice([1, 2, 3])
    there = f"{random.choice('xyyys')}[{index(random, names)}]"
    there_too = f"{random.choice('yys')}[{index(random, names)}]"
    short = random.random() < 0.7
    found = [f"i{number} = iota i8[{size}] {{start = {index(random, names)}}}"]
    if random.random() < 0.3:
        found.append(f"j{number} = mul i{number}, i{number}")
        found.append(f"h{number} = sub j{number}, i{number}")
    by = found[-1].split()[0]
    match random.choice(["gather", "scatter", "atomic", "atomic", "cas"]):
        case "gather":
            mode = "{oob = value, value = -7}" if short else ""
            found.append(f"t{number}: i8[{size}] = gather {there}, {by} {mode}")
        case "scatter":
            mode = "oob = skip" if short else "oob = trap"
            twice = random.choice(["trap", "last", "add"])
            found.append(f"scatter i{number}, {there_too}, {by} {{duplicate = {twice}, {mode}}}")
        case kind:
            old = f"t{number} = " if random.random() < 0.5 else ""
            mode = ["oob = skip"] if short else []
            if random.random() < 0.6:
                mode.append(f"index = {by}")
            if kind == "cas":
                head = f"atomic_cas i{number}, {by}"
            else:
                head = f"atomic i{number}"
                kinds = ["add", "add", "min", "max", "and", "or", "xor", "exchange"]
                mode.append(f"op = {random.choice(kinds)}")
            found.append(f"{old}{head}, {there_too} {{{', '.join(mode)}}}")
    if found[-1].startswith("t") and random.random() < 0.5:
        found.append(f"store t{number}, {there_too} {{oob = skip}}")
    return found


def copied(random: Random, names: list[str], number: int) -> list[str]:
    """An asynchronous copy to or from shared memory, and most of what it needs."""
    size, pending = random.choice([1, 1, 2]), random.choice([0, 0, 0, 1])
    there, here = random.choice("xy"), "s"
    if there == "y" and random.random() < 0.5:
        there, here = here, there
    oob = random.choice(["", "", ", oob = skip", ", oob = zero", ", oob = value, value = -9"])
    places = [f"{name}[{index(random, names)}]" for name in (here, there)]
    needed = [f"wait {{pending = {pending}}}", "barrier"]
    return [
        f"copy_async {places[0]}, {places[1]} {{shape = [{size}]{oob}}}",
        *(["commit"] if random.random() < 0.9 else []),
        *[line for line in needed if random.random() < 0.85],
    ]


def draw(random: Random) -> tuple[tilevm.ir.Kernel, dict[str, Any]]:
    """A kernel, and its arguments; `y` is not always passed."""
    body = statements(random, ["n"], 2, [0])
    text = "\n".join(
        [
            "kernel f(x: global i8[4], y: global i8[4])",
            f"grid (n = {random.randint(1, 4)}) {{",
            "s = alloc_shared i8[4]",
            *(["i: i8[4] = load x[0]", "store i, s[0]"] if random.random() < 0.7 else []),
            *body,
            *(["commit", "wait", "barrier"] if random.random() < 0.8 else []),
            "e: i8[1] = load x[n]",
            "store e, y[n] }",
        ]
    )
    arguments: dict[str, Any] = {"x": np.arange(1, 5)}
    if random.random() < 0.7:
        arguments["y"] = np.arange(5, 9)
    return tilevm.parse(text)["f"], arguments


@given(st.randoms(use_true_random=False))
def test_random_accesses(random: Random) -> None:
    assert_agreement(*draw(random), several_errors=True)


def test_the_accesses_meet_every_error() -> None:
    met: Counter[str] = Counter()

    @settings(max_examples=200, phases=[Phase.generate], database=None)
    @given(st.randoms(use_true_random=False))
    def collect(random: Random) -> None:
        found = assert_agreement(*draw(random), several_errors=True)
        met[found if isinstance(found, str) else "result"] += 1

    collect()
    always = {"result", "TV0403", "TV0404", "TV0405", "TV0406"}
    rare = {"TV0430", "TV0432", "TV0433", "TV0434"}  # tests/programs/run has them all
    assert always <= set(met) <= always | rare, met
