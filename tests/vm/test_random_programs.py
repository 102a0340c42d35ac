"""Random straight-line programs: one result, whatever the chunk size, the text form or the pass."""

from random import Random
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

import tilevm
from tilevm import TileError
from tilevm.dtypes import dtype
from tilevm.ir import REGISTRY, Builder, Kernel, OpField, Sym, TileType
from tilevm.passes import canonicalise, rewrite_dot

KINDS = "i1 u1 u2 i3 u4 i8 u8 i32 u64 i64 f16 bf16 f32 f64 e4m3fn e2m1fn e4m2fnu e8m0 e5m3u".split()
KINDS += ["fixed(i8, -3)", "fixed(u20, 2)", "fixed(i53, -40)", "nf4", "codebook(i4, [-3, 0, 5])"]
KINDS += ["codebook(f16, [[1, 0.5], [0, -1]])", "codebook(fixed(i8, -2), [0.25, -1, 3, 3, 7])"]
OPS = [op for op in REGISTRY.values() if op.pure]
CHOICES: dict[str, list[Any]] = {
    "overflow": [None, "wrap", "sat", "trap", "inf", "nan"],
    "rounding": ["nearest_away", "toward_zero", "up", "down", "stochastic"],
    "pred": ["eq", "ne", "lt", "le", "gt", "ge", "ult", "ord"],
    "nan": ["propagate", "ignore", "trap", "zero"],
    "lo": [0, -1, 0.5],
    "hi": [1, 7, float("inf")],
    "order": [[0], [1, 0], [0, 0, 1, 1], [3, 2, 1, 0]],
    "size": [[1], [1, 2], [2, 2]],
    "step": [[1], [2, 1]],
    "counts": [[1], [2, 1], [2, 3]],
    "keepdims": [True, False],
    "op": ["add", "mul", "min", "max"],
    "exclusive": [True, False],
    "reverse": [True, False],
    "values": [[0], [1, 2], [1.5, float("nan")]],
    "to": KINDS,
    "acc": KINDS,
    "dims": [[], [0], [1], [0, 1]],
    "perm": [[0], [1, 0], [0, 2, 1]],
    "shape": [[], [4], [1, 4], [2, 2], [3, 2]],
    "high": [[1], [0, 1], [2, 0]],
    "low": [[1], [1, 0]],
    "value": [0, 1, -1, 1.5, float("nan")],
    "group": [1, 2, 3, 4, [1, 2], [2], [1, 1]],
    "scale": ["f16", "e8m0fnu", "f32", "i8"],
    "zero": [None, "u4", "i8"],
    "signed": [True, False],
    "dim": [0, 1],
    "start": [0, Sym("n"), Sym("n") * 3 - 2, [0], [0, 1], [Sym("n")], [0, Sym("n") % 2]],
    "seed": [0, -1, 2**40],
    "counter": [0, Sym("n"), Sym("n") * 30 - 2],
}


def draw(random: Random) -> tuple[Kernel, dict[str, Any]]:
    """A kernel of a few ops that fit, and its arguments."""
    rng = np.random.default_rng(random.getrandbits(32))
    build, blocks = Builder("f"), random.randint(1, 4)
    n = build.grid("n", blocks)
    arguments: dict[str, Any] = {}
    values = []
    for number in range(random.randint(1, 3)):
        kind = random.choice(KINDS)
        shape = tuple(random.randint(1, 4) for _ in range(random.randint(0, 3)))
        buffer = build.buffer(f"x{number}", kind, (blocks, *shape))
        arguments[buffer.name] = dtype(kind).random(rng, (blocks, *shape))
        at = buffer[n, *[0] * len(shape)]
        values.append(build.load(at, type=TileType(dtype(kind), shape)))
    for _ in range(random.randint(1, 10)):
        op = random.choice(OPS)

        def operand(item: OpField) -> Any:
            if item.role == "operand":
                return random.choice(values)
            if item.role == "operands":
                return random.choices(values, k=random.randint(1, 3))
            return f"{random.choice(KINDS)}{[random.randint(1, 4) for _ in range(2)]}"

        operands = [operand(item) for item in op.fields() if item.by_place]
        chosen = [i for i in op.fields() if not i.by_place]
        chosen = [i for i in chosen if i.required or random.random() < 0.4]
        attributes = {
            item.name: random.choice(values if item.role == "optional" else CHOICES[item.name])
            for item in chosen
        }
        written = None
        if op.needs_type:
            old, new = operands[0].type, dtype(random.choice(KINDS))
            written = f"{new}[{max(1, old.size * old.dtype.bits // new.bits)}]"
        try:
            made = build.emit(op, operands, attributes, type=written)
            values.extend(made if isinstance(made, tuple) else [made])
        except TileError as refused:
            assert str(refused)
    for number, value in enumerate(random.sample(values, min(3, len(values)))):
        buffer = build.buffer(f"y{number}", value.dtype, (blocks, *value.type.shape))
        build.store(value, buffer[n, *[0] * value.type.rank])
    return build.kernel(), arguments


def outcome(kernel: Kernel, arguments: dict[str, Any], chunk: int) -> dict[str, Any] | str:
    """The outputs in bits, or the code of the error."""
    try:
        found = tilevm.run(kernel, arguments, chunk_bytes=chunk)
    except TileError as problem:
        return problem.diagnostics[0].code
    return {
        name: kernel.param(name).dtype.encode(values).tolist() for name, values in found.items()
    }


@settings(max_examples=150)
@given(st.randoms(use_true_random=False))
def test_one_result(random: Random) -> None:
    kernel, arguments = draw(random)
    assert tilevm.parse(str(kernel))["f"] == kernel
    expected = outcome(kernel, arguments, 1)
    group, table = random.randint(1, 8), random.choice(["activations", "weights"])
    lowered = rewrite_dot(kernel, group=group, table=table)
    for made in (kernel, canonicalise(kernel), lowered, canonicalise(lowered)):
        for chunk in (1, 1 << 30, 1 << 30):  # the last run is like one before
            assert outcome(made, arguments, chunk) == expected, f"chunk {chunk}\n{made}"
