"""What kernels of examples/ compute, in NumPy and fractions: arguments, and what must come out.

Each function takes a generator of random numbers and two sizes.  A result is exact, or `Within` a
bound that its function derives.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import ml_dtypes
import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Case = Callable[[np.random.Generator, int, int], tuple[dict[str, Array], dict[str, Any]]]


@dataclass(frozen=True)
class Within:
    """Real numbers in float64, and how far from each of them a result may be."""

    values: Array
    bound: Array


CASES: dict[str, tuple[str, Case]] = {}


def case(file: str) -> Callable[[Case], Case]:
    """Names the file of a function's kernel, which has the function's name."""

    def register(make: Case) -> Case:
        CASES[make.__name__] = (file, make)
        return make

    return register


def dyadic(rng: np.random.Generator, bits: int, below: int, *shape: int) -> Array:
    """Numbers of at most `bits` bits, multiples of 2**-below: sums of products stay exact."""
    return rng.integers(-(2**bits) + 1, 2**bits, shape) * 2.0**-below


def in_order(parts: list[Array]) -> Array:
    """The sum of exact parts as a kernel takes it: each rounded to float32, then added in turn."""
    total = np.zeros(parts[0].shape, np.float32)
    for part in parts:
        total = total + part.astype(np.float32)
    return total


# quantised weights


@case("w4a16.tile")
def w4a16(rng: np.random.Generator, m: int, n: int) -> tuple[dict[str, Array], dict[str, Any]]:
    x = dyadic(rng, 11, 9, 4, 64 * n)
    w, z = rng.integers(0, 16, (8 * m, 64 * n)), rng.integers(0, 16, (8 * m, 2 * n))
    s = dyadic(rng, 11, 16, 8 * m, 2 * n)
    # exact in float64: products of 11, 5 and 11 bits on one grid, 64 of them
    weights = (w - z.repeat(32, 1)) * s.repeat(32, 1)
    tiles = [slice(64 * k, 64 * k + 64) for k in range(n)]
    y = in_order([x[:, k] @ weights[:, k].T for k in tiles])
    return {"x": x, "w": w, "s": s, "z": z}, {"y": y}


@case("w4a16.tile")
def w4a16_unfused(rng: np.random.Generator, m: int, n: int) -> Any:
    return w4a16(rng, m, n)


# after OCP MX 1.0


@case("mx_matmul.tile")
def mx_quantize(rng: np.random.Generator, m: int, n: int) -> Any:
    exponents = rng.integers(-20, 20, (4 * m, 1))
    x = np.ldexp(rng.standard_normal((4 * m, 32 * n)), exponents).astype(np.float32)
    x[0, :32] = 0
    largest = np.abs(x.reshape(4 * m, n, 32)).max(-1)
    # frexp gives a mantissa below 1, so its exponent is one more; 4 = 2**2 is in the last binade
    powers = np.where(largest > 0, np.frexp(largest)[1] - 1 - 2, -127)
    quotients = np.ldexp(x.reshape(4 * m, n, 32), -powers[..., None])
    q = quotients.astype(ml_dtypes.float4_e2m1fn).astype(np.float64)
    return {"x": x}, {"q": q.reshape(x.shape), "s": np.ldexp(1.0, powers)}


@case("mx_matmul.tile")
def mx_matmul(rng: np.random.Generator, m: int, n: int) -> Any:
    codes = np.arange(16, dtype=np.uint8).view(ml_dtypes.float4_e2m1fn).astype(np.float64)
    a, b = rng.choice(codes, (4, 32 * n)), rng.choice(codes, (8 * m, 32 * n))
    sa = np.ldexp(1.0, rng.integers(-30, 30, (4, n)))
    sb = np.ldexp(1.0, rng.integers(-30, 30, (8 * m, n)))

    def part(i: int, j: int, k: int) -> float:
        group = slice(32 * k, 32 * k + 32)
        pairs = zip(a[i, group].tolist(), b[j, group].tolist(), strict=True)
        exact = sum((Fraction(u) * Fraction(v) for u, v in pairs), Fraction(0))
        exact *= Fraction(sa[i, k]) * Fraction(sb[j, k])
        assert Fraction(float(np.float32(exact))) == exact  # quarters up to 1,152: 13 bits
        return float(exact)

    parts = [np.array([[part(i, j, k) for j in range(8 * m)] for i in range(4)]) for k in range(n)]
    return {"a": a, "sa": sa, "b": b, "sb": sb}, {"y": in_order(parts)}


# three values, five in a byte


@case("ternary.tile")
def base3_gemv(rng: np.random.Generator, m: int, n: int) -> Any:
    trits, x = rng.integers(-1, 2, (8 * m, 20 * n)), rng.integers(-128, 128, 20 * n)
    w = (trits + 1).reshape(8 * m, 4 * n, 5) @ [1, 3, 9, 27, 81]
    return {"w": w, "x": x}, {"y": trits @ x}


@case("ternary.tile")
def base3_fraction_gemv(rng: np.random.Generator, m: int, n: int) -> Any:
    trits, x = rng.integers(-1, 2, (8 * m, 20 * n)), rng.integers(-128, 128, 20 * n)
    whole = (trits + 1).reshape(8 * m, 4 * n, 5) @ [81, 27, 9, 3, 1]
    return {"w": -(-whole * 256 // 243), "x": x}, {"y": trits @ x}


# blocks of GGUF files


def gguf_blocks(rng: np.random.Generator, count: int, factors: int, codes: int) -> Any:
    """Random bytes of `count` blocks, as parts: factors of f16, then bytes of codes."""
    head = rng.standard_normal((count, factors)).astype(np.float16)
    return head, rng.integers(0, 256, (count, codes)).astype(np.uint8)


def halves(codes: Array) -> Array:
    """Low halves of all bytes, then the high ones."""
    return np.concatenate([codes % 16, codes // 16], axis=1).astype(np.float32)


@case("gguf.tile")
def q4_0(rng: np.random.Generator, m: int, n: int) -> Any:
    d, codes = gguf_blocks(rng, 4 * m * n, 1, 16)
    y = d.astype(np.float32) * (halves(codes) - np.float32(8))
    return {"blocks": np.hstack([d.view(np.uint8), codes])}, {"y": y}


@case("gguf.tile")
def q4_1(rng: np.random.Generator, m: int, n: int) -> Any:
    head, codes = gguf_blocks(rng, 4 * m * n, 2, 16)
    d, least = head[:, :1].astype(np.float32), head[:, 1:].astype(np.float32)
    # d * q has 15 bits, so only the addition rounds
    y = d * halves(codes) + least
    return {"blocks": np.hstack([head.view(np.uint8), codes])}, {"y": y}


@case("gguf.tile")
def q8_0(rng: np.random.Generator, m: int, n: int) -> Any:
    d, codes = gguf_blocks(rng, 4 * m * n, 1, 32)
    y = d.astype(np.float32) * codes.view(np.int8).astype(np.float32)
    return {"blocks": np.hstack([d.view(np.uint8), codes])}, {"y": y}


@case("gguf.tile")
def q4_0_q8_0(rng: np.random.Generator, m: int, n: int) -> Any:
    d, codes = gguf_blocks(rng, 4 * m * n, 1, 16)
    e, values = gguf_blocks(rng, n, 1, 32)
    q = (halves(codes) - 8).astype(np.int64).reshape(4 * m, n, 32)
    totals = np.einsum("mbk,bk->mb", q, values.view(np.int8))
    # exact in float64: 17 bits of the sum, 11 of each factor
    parts = totals * d.astype(np.float64).reshape(4 * m, n) * e.astype(np.float64)[:, 0]
    blocks = np.hstack([d.view(np.uint8), codes]).reshape(4 * m, n, 18)
    return {"w": blocks, "x": np.hstack([e.view(np.uint8), values])}, {"y": in_order([*parts.T])}


# as bitsandbytes lists them
NF4 = (
    -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453, -0.28444138169288635,
    -0.18477343022823334, -0.09105003625154495, 0.0, 0.07958029955625534, 0.16093020141124725,
    0.24611230194568634, 0.33791524171829224, 0.44070982933044434, 0.5626170039176941,
    0.7229568362236023, 1.0,
)  # fmt: skip


@case("nf4.tile")
def nf4_gemv(rng: np.random.Generator, m: int, n: int) -> Any:
    codes, scales = rng.integers(0, 16, (4 * m, 64 * n)), dyadic(rng, 8, 6, 4 * m, n)
    x = dyadic(rng, 8, 7, 64 * n)
    # exact in float64: multiples of 2**-40 below 2**9
    weights = np.float32(NF4)[codes] * scales.repeat(64, 1)
    parts = (weights * x).reshape(4 * m, n, 64).sum(axis=-1)
    return {"w": codes, "w_scale": scales, "x": x}, {"y": in_order([*parts.T])}


# rows by tokens


@case("routing.tile")
def route(rng: np.random.Generator, m: int, n: int) -> Any:
    scores = rng.integers(-n, n + 1, (4 * m, 8)) / 4  # with ties: the first one counts
    expert = scores.argmax(axis=1)
    slot = [int((expert[:t] == expert[t]).sum()) for t in range(4 * m)]
    count = np.bincount(expert, minlength=8)
    wanted = {"expert": expert, "slot": np.array(slot), "count": count}
    return {"scores": scores, "count": np.zeros(8, np.int32)}, wanted


@case("routing.tile")
def permute(rng: np.random.Generator, m: int, n: int) -> Any:
    _, routed = route(rng, m, n)
    x = dyadic(rng, 11, 10, 4 * m, 16)
    return {"x": x, **routed}, {"y": x[np.argsort(routed["expert"], kind="stable")]}


@case("sort.tile")
def sort_rows(rng: np.random.Generator, m: int, n: int) -> Any:
    x = rng.integers(-(4**n), 4**n, (4 * m, 16))
    return {"x": x}, {"y": np.sort(x, axis=1)}


@case("embedding.tile")
def embedding(rng: np.random.Generator, m: int, n: int) -> Any:
    table = dyadic(rng, 11, 10, 5 * n, 16 * m)
    tokens = rng.integers(0, 5 * n, 8 * n)
    return {"table": table, "tokens": tokens}, {"y": table[tokens]}


@case("embedding.tile")
def embedding_i8(rng: np.random.Generator, m: int, n: int) -> Any:
    table, scales = rng.integers(-128, 128, (5 * n, 16 * m)), dyadic(rng, 11, 15, 5 * n, 1)
    tokens = rng.integers(0, 5 * n, 8 * n)
    # exact in float64: 8 and 11 bits
    y = (table * scales)[tokens].astype(np.float16)
    return {"table": table, "scales": scales, "tokens": tokens}, {"y": y}


# counts and prefixes


@case("histogram.tile")
def histogram(rng: np.random.Generator, m: int, n: int) -> Any:
    spread = rng.choice([4, 256])
    x, counts = rng.integers(0, spread, 256 * m), rng.integers(0, n + 1, 256)
    return {"x": x, "counts": counts}, {"counts": counts + np.bincount(x, minlength=256)}


@case("histogram.tile")
def histogram_shared(rng: np.random.Generator, m: int, n: int) -> Any:
    return histogram(rng, m, n)


@case("scan.tile")
def prefix_sums(rng: np.random.Generator, m: int, n: int) -> Any:
    x = rng.integers(-(2**15), 2**15, (4 * m, 16 * n))
    return {"x": x}, {"y": np.cumsum(x, axis=1)}


@case("scan.tile")
def prefix_sums_by_steps(rng: np.random.Generator, m: int, n: int) -> Any:
    x = rng.integers(-(2**15), 2**15, (m * n, 64))
    return {"x": x}, {"y": np.cumsum(x, axis=1)}


# floats: results that are rounded on the way, within bounds.  An op of f32 is off by U at most, of
# its own size; what a bound leaves out are squares of U, for which it is widened by 1 %.

U = 2.0**-24


def exponentials(x: Array) -> tuple[Array, Array]:
    """exp(x - max) along the last dimension, and the largest distance from the maximum."""
    below = x - x.max(-1, keepdims=True)
    return np.exp(below), np.where(np.isinf(below), 0, -below).max(-1, keepdims=True)


@case("softmax.tile")
def softmax(rng: np.random.Generator, m: int, n: int) -> Any:
    x = (rng.standard_normal((4 * m, 16 * n)) * rng.choice([0.1, 3, 20])).astype(np.float32)
    e, range_ = exponentials(x.astype(np.float64))
    y = e / e.sum(-1, keepdims=True)
    # each exp is off by what its argument was rounded by, range_ * U, and by U; so is their sum,
    # which n sums of a tile and n additions round further, and then the division
    bound = 1.01 * U * (2 * (range_ + 1) + 2 * n + 1) * y + 2.0**-149
    return {"x": x}, {"y": Within(y, bound)}


@case("layernorm.tile")
def layernorm(rng: np.random.Generator, m: int, n: int) -> Any:
    length = 16 * n
    x = (rng.standard_normal((4 * m, length)) + rng.choice([0, 8])).astype(np.float16)
    gamma, beta = rng.standard_normal((2, length)).astype(np.float16)
    epsilon = np.array([1e-5], np.float32)
    wide = x.astype(np.float64)
    mean, size = wide.mean(1, keepdims=True), np.abs(wide).mean(1, keepdims=True)
    d = wide - mean
    variance = (d * d).mean(1, keepdims=True) + float(epsilon[0])
    scaled = d / np.sqrt(variance) * gamma
    y = scaled + beta
    # the mean: n sums of a tile, n additions, a division; then a subtraction
    off = (2 * n + 1) * U * size + U * np.abs(d)
    # the variance, of its own size: two factors, their product, the sum as above, epsilon added
    off_variance = 2 * off.max(1, keepdims=True) / np.sqrt(variance) + (2 * n + 3) * U
    # d, half of the variance, its root, a product and the last addition
    slope = np.abs(gamma.astype(np.float64)) / np.sqrt(variance)
    computed = slope * off + np.abs(scaled) * (off_variance / 2 + 2 * U) + U * np.abs(y)
    bound = 1.01 * computed + 2.0**-11 * (np.abs(y) + computed) + 2.0**-25
    arguments = {"x": x, "gamma": gamma, "beta": beta, "epsilon": epsilon}
    return arguments, {"y": Within(y, bound)}


def attention(rng: np.random.Generator, queries: int, keys: int, causal: bool) -> Any:
    heads = 2
    q = (2 * rng.standard_normal((heads, queries, 16))).astype(np.float16)
    k, v = rng.standard_normal((2, heads, keys, 16)).astype(np.float16)
    scores = q.astype(np.float64) @ k.astype(np.float64).transpose(0, 2, 1) / 4
    largest = np.abs(scores).max(-1, keepdims=True)
    if causal:
        scores = np.where(np.tri(queries, keys, dtype=bool), scores, -np.inf)
    e, range_ = exponentials(scores)
    weights = e / e.sum(-1, keepdims=True)
    y, size = weights @ v.astype(np.float64), weights @ np.abs(v.astype(np.float64))
    # a weight is a product of exps, whose arguments sum up to its own: they are off by U of the
    # score and of each difference.  Differences of one weight sum up to at most `range_`, and so
    # do the rises of the maximum.  Each tile adds an exp, a product and an addition, the sum of
    # products one more.  All of it twice, for numerator and denominator, and the division.
    tiles = keys // 8
    bound = 1.01 * U * (2 * (largest + 2 * range_ + 3 * tiles + 2) + 1) * size
    return {"q": q, "k": k, "v": v}, {"y": Within(y, bound)}


@case("flash_attention.tile")
def flash_attention(rng: np.random.Generator, m: int, n: int) -> Any:
    return attention(rng, 8 * m, 8 * n, causal=False)


@case("flash_attention.tile")
def causal_attention(rng: np.random.Generator, m: int, n: int) -> Any:
    return attention(rng, 8 * n, 8 * n, causal=True)
