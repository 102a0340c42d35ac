"""Types by name: `i3`, `u12`, `f16`, `bf16`, `e4m3fn`, `e5m3u`, `e4m3b11fnuz`, `e8m0fnu`."""

from __future__ import annotations

import re
from functools import lru_cache

from tilevm.diagnostics import TileError, error, nearest
from tilevm.dtypes.applied import applied
from tilevm.dtypes.base import DType
from tilevm.dtypes.codebook import built_in
from tilevm.dtypes.floats import FloatType
from tilevm.dtypes.formats import (
    ALIASES,
    MEMBER_NAMES,
    FloatFormat,
    convention_of_fn,
    default_bias,
)
from tilevm.dtypes.integers import IntType

_INTEGER = re.compile(r"([iu])([1-9][0-9]?)", re.ASCII)
_FLOAT = re.compile(
    r"e([1-9][0-9]?)m(0|[1-9][0-9]?)(?:b(-?[0-9]{1,4}))?(ieee|fn|fnan|fnuz|finite|)(u?)",
    re.ASCII,
)
_ELSEWHERE = re.compile(r"(b?float|u?int)([0-9]{1,2})(?:_(e[0-9]\w+))?", re.ASCII)
_COMMON = (
    *(f"{sign}{bits}" for sign in "iu" for bits in range(1, 65)),
    *MEMBER_NAMES,
    *("e4m3fn", "e5m2", "e2m1fn", "e3m2fn", "e2m3fn", "e8m0fnu", "e4m3", "e3m4"),
    *("e4m3fnuz", "e5m2fnuz", "e4m3b11fnuz"),
)


def dtype(name: str | DType) -> DType:
    """The type of that name, always the same object for the same format.

    A float is named by a member (`f16 bf16 tf32 f32 f64`) or by the rule
    `e<exponent bits>m<mantissa bits>`, then optionally `b<bias>`, then a convention: nothing for
    IEEE infinities and NaN; `fn` for no infinities and one NaN (no NaN either below 8 bits; there
    `fnan` asks for it); `fnuz` for no infinities, no negative zero and one NaN; `finite` for
    neither infinities nor NaN.  A `u` at the end makes it unsigned: `e5m3u`, `e8m0fnu`; there `fn`
    has a NaN at any width.  `e2m1 e2m3 e3m2 e8m0` are those of OCP: `e2m1fn e2m3fn e3m2fn e8m0fnu`
    (`e2m1ieee` has infinities).

    `fixed(i16, -8)` is an integer times 2**-8, `codebook(f32, [0.5, 1])` a code for an entry of a
    table; `nf4` and `fp4` are codebooks.  TV0201 for any other name.
    """
    if isinstance(name, DType):
        return name
    if not isinstance(name, str):
        raise error("TV0201", f"a type is given by its name, not by {name!r}")
    return _named(name)


def is_type(name: str) -> bool:
    """Whether all programs know a type of that name."""
    try:
        dtype(name)
    except TileError:
        return False
    return True


@lru_cache(maxsize=1024)
def _named(name: str) -> DType:
    parsed = _parse(name)
    if parsed is None:
        raise _unknown(name)
    return parsed if parsed.name == name else _named(parsed.name)


def _parse(name: str) -> DType | None:
    if integer := _INTEGER.fullmatch(name):
        sign, bits = integer[1], int(integer[2])
        return IntType(bits, sign == "i") if bits <= 64 else None
    if name in MEMBER_NAMES:
        exponent, mantissa = MEMBER_NAMES[name]
        return FloatType(FloatFormat(exponent, mantissa, default_bias(exponent, "ieee")))
    if found := built_in(name):
        return found
    if "(" in name:
        return applied(name, dtype)
    if parts := _FLOAT.fullmatch(ALIASES.get(name, name)):
        exponent, mantissa, suffix = int(parts[1]), int(parts[2]), parts[4]
        signed = not parts[5]
        convention = {"": "ieee", "fnan": "fn"}.get(suffix, suffix)
        if suffix == "fn" and signed:
            convention = convention_of_fn(1 + exponent + mantissa)
        bias = int(parts[3]) if parts[3] else default_bias(exponent, convention)
        return FloatType(FloatFormat(exponent, mantissa, bias, convention, signed))
    return None


def _unknown(name: str) -> TileError:
    known = _from_elsewhere(name) or nearest(name, _COMMON)
    if re.fullmatch("[iu][0-9]+", name):
        return error("TV0201", f"unknown type `{name}`: integers have 1 to 64 bits")
    return error(
        "TV0201",
        f"unknown type `{name}`",
        help=f"did you mean `{known}`?"
        if known
        else "types are i1..i64, u1..u64, f16, bf16, f32, f64, and floats by rule such as e4m3fn",
    )


def _from_elsewhere(name: str) -> str | None:
    """Our name for one of NumPy or ml_dtypes, such as `float8_e4m3fn` or `int4`."""
    if not (parts := _ELSEWHERE.fullmatch(name)):
        return None
    kind, bits, rule = parts.groups()
    ours = rule or {"float": "f", "bfloat": "bf", "int": "i", "uint": "u"}[kind] + bits
    try:
        return dtype(ours).name
    except TileError:
        return None
