"""Common kernels against plain NumPy, as ratios measured in one run.

    OPENBLAS_NUM_THREADS=1 python benchmarks/kernels.py

Kernels of examples/, and elementwise ones, on a megabyte or so; beside each what one writes in
NumPy for the same, in float32 where the kernel computes floats.  NumPy rounds as it comes, the
kernels exactly or once, so floats are only compared closely.  It is the processor's time that
counts, of one thread: what else the machine does shows less.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import numpy.typing as npt

import tilevm

EXAMPLES = Path(__file__).parent.parent / "examples"
ROUNDS = 7
Array = npt.NDArray[Any]
Case = tuple[str, Any, dict[str, Array], Callable[[], Array]]

ELEMENTWISE = """
kernel {op}_{kind}(a: global {kind}[N], b: global {kind}[N], y: global {kind}[N])
  where N % 1024 == 0
  grid (n = N / 1024)
{{
  s: {kind}[1024] = load a[n * 1024]
  t: {kind}[1024] = load b[n * 1024]
  r = {op} s, t
  store r, y[n * 1024]
}}
"""


def cases() -> list[Case]:
    """Name, kernel, its arguments, and the same in NumPy."""
    rng = np.random.default_rng(0)
    found: list[Case] = []

    def example(
        name: str, kernel: str, given: dict[str, Array], plain: Callable[[], Array]
    ) -> None:
        program = tilevm.load(EXAMPLES / f"{name}.tile")
        found.append((kernel, program[kernel], given, plain))

    x = rng.standard_normal((512, 512)).astype(np.float32)

    def softmax() -> Array:
        e = np.exp(x - x.max(axis=1, keepdims=True))
        return np.asarray(e / e.sum(axis=1, keepdims=True))

    example("softmax", "softmax", {"x": x}, softmax)

    q, k, v = (rng.standard_normal((4, 256, 16)).astype(np.float16) for _ in range(3))

    def attention() -> Array:
        queries, keys, values = (t.astype(np.float32) for t in (q, k, v))
        scores = queries @ keys.swapaxes(1, 2) / 4
        e = np.exp(scores - scores.max(axis=2, keepdims=True))
        return np.asarray(e / e.sum(axis=2, keepdims=True) @ values)

    example("flash_attention", "flash_attention", {"q": q, "k": k, "v": v}, attention)

    codes = [rng.integers(0, 16, (256, 512)).astype(np.uint8) for _ in range(2)]
    a, b = (c.view(ml_dtypes.float4_e2m1fn).astype(np.float32) for c in codes)
    sa, sb = (2.0 ** rng.integers(-8, 8, (256, 16)) for _ in range(2))

    def mx() -> Array:
        left, right = (
            c.view(ml_dtypes.float4_e2m1fn).astype(np.float32)
            * np.repeat(s, 32, axis=1).astype(np.float32)
            for c, s in zip(codes, (sa, sb), strict=True)
        )
        return np.asarray(left @ right.T)

    given = {"a": a, "sa": sa, "b": b, "sb": sb}
    example("mx_matmul", "mx_matmul", given, mx)

    data = rng.integers(0, 256, 1 << 18).astype(np.uint8)
    counts = np.zeros(256, np.uint32)
    example(
        "histogram", "histogram", {"x": data, "counts": counts},
        lambda: np.bincount(data, minlength=256),
    )  # fmt: skip

    for op, kind in (
        ("add", "i32"),
        ("mul", "i8"),
        ("add", "f32"),
        ("mul", "f16"),
        ("add", "bf16"),
    ):
        ufunc = {"add": np.add, "mul": np.multiply}[op]
        if kind.startswith("i"):
            carrier = np.dtype(f"int{kind[1:]}")
            s, t = (rng.integers(-100, 100, 1 << 20).astype(carrier) for _ in range(2))
        else:
            short = {"f32": np.float32, "f16": np.float16, "bf16": ml_dtypes.bfloat16}[kind]
            s, t = (rng.standard_normal(1 << 20).astype(short) for _ in range(2))
        text = ELEMENTWISE.format(op=op, kind=kind)
        shown = [each.astype(np.float32) if kind == "bf16" else each for each in (s, t)]
        program = tilevm.parse(text)[f"{op}_{kind}"]
        found.append(
            (f"{op} of {kind}", program, dict(zip("ab", shown, strict=True)),
             lambda ufunc=ufunc, s=s, t=t: ufunc(s, t))
        )  # fmt: skip
    return found


def timed(run: Callable[[], object]) -> float:
    start = time.process_time()
    run()
    return time.process_time() - start


def main() -> None:
    """Prints the median of each contender's times, and how they compare."""
    for name, kernel, given, plain in cases():
        (output,) = (param.name for param in kernel.outputs)
        ours = lambda k=kernel, g=given: tilevm.run(k, g)  # noqa: E731
        got, wanted = ours()[output].astype(np.float64), np.asarray(plain(), np.float64)
        assert np.allclose(got, wanted, rtol=1e-2, atol=1e-4), name
        ours()
        pairs = [(timed(ours), timed(plain)) for _ in range(ROUNDS)]
        mine, theirs = (statistics.median(times) for times in zip(*pairs, strict=True))
        shown = f"{mine * 1e3:9.2f} ms, NumPy {theirs * 1e3:7.2f} ms"
        print(f"{name:16} {shown}: {mine / theirs:6.2f} times as long")


if __name__ == "__main__":
    main()
