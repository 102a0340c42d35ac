"""Float formats by rule: widths, bias and conventions, and what follows from them.

| convention | infinities | NaN | negative zero |
|---|---|---|---|
| ieee | exponent all ones, mantissa 0 | exponent all ones, mantissa not 0 | yes |
| fn | none | all ones below the sign | yes |
| fnuz | none | the code of negative zero | no |
| finite | none | none | yes |

An unsigned format has no negative values; with `ieee` and `fn` its special codes are those above.
Without a mantissa (`e8m0fnu`) it has no zero either: exponent 0 is an ordinary power of two.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from tilevm.diagnostics import error

CONVENTIONS = ("ieee", "fn", "fnuz", "finite")
_MEMBERS = {
    (5, 10): "f16",
    (8, 7): "bf16",
    (8, 10): "tf32",
    (8, 23): "f32",
    (11, 52): "f64",
}
MEMBER_NAMES = {name: fields for fields, name in _MEMBERS.items()}
ALIASES = {  # what OCP's microscaling formats are called for short
    "e2m1": "e2m1fn",
    "e2m3": "e2m3fn",
    "e3m2": "e3m2fn",
    "e8m0": "e8m0fnu",
}
_NAN_MIN_BITS = 8  # `fn` formats below 8 bits have no NaN (OCP MX, and MLIR's names)


def default_bias(exponent: int, convention: str) -> int:
    """The bias that a name without `b<bias>` means."""
    return (1 << exponent - 1) - (convention != "fnuz")


def convention_of_fn(bits: int) -> str:
    """What the suffix `fn` means for a width."""
    return "fn" if bits >= _NAN_MIN_BITS else "finite"


@dataclass(frozen=True)
class FloatFormat:
    """Exponent and mantissa widths in bits, bias, convention and sign; every value fits float64.

    TV0201 for widths outside 1..11 and 0..52, for a format without a normal number or without a
    code that its convention needs, and for values that float64 cannot hold.
    """

    exponent: int
    mantissa: int
    bias: int
    convention: str = "ieee"
    signed: bool = True

    def __post_init__(self) -> None:
        if not 1 <= self.exponent <= 11 or not 0 <= self.mantissa <= 52:
            raise error(
                "TV0201",
                "floats have 1 to 11 exponent bits and 0 to 52 mantissa bits, "
                f"not {self.exponent} and {self.mantissa}",
            )
        if self.convention not in CONVENTIONS:
            raise error("TV0201", f"{self.convention!r} is none of {', '.join(CONVENTIONS)}")
        if self.convention == "ieee" and self.mantissa == 0:
            raise error(
                "TV0201", f"e{self.exponent}m0 has no code for NaN: write e{self.exponent}m0fn"
            )
        if not self.signed and self.convention == "fnuz":
            message = "fnuz puts its NaN at negative zero, which an unsigned float does not have"
            raise error("TV0201", message, help="fnu has one NaN, finiteu none")
        if self.max_code >> self.mantissa < self.has_zero:
            message = (
                f"{self.rule_name} has no normal number: all its codes are special or subnormal"
            )
            raise error("TV0201", message, help="give it one exponent bit more, or say fn")
        if self.lowest < -1022 or self.lsb < -1074 or self.highest > 1023:
            reach = f"2**{self.lsb} to 2**{self.highest}"
            raise error(
                "TV0201",
                f"{self.rule_name} has values that float64 cannot hold, from {reach}",
                help="give a bias (`b<bias>`) that keeps all of them within float64's normal range"
                if self.exponent < 11
                else "11 exponent bits fit with infinities only, as in e11m20",
            )

    @property
    def bits(self) -> int:
        return self.signed + self.exponent + self.mantissa

    @property
    def has_zero(self) -> bool:
        """Whether exponent 0 means zero and subnormals; unsigned powers of two have neither."""
        return self.signed or self.mantissa > 0

    @property
    def precision(self) -> int:
        """Bits of a normal significand, the hidden one included."""
        return self.mantissa + 1

    @property
    def rule_name(self) -> str:
        """`e<E>m<M>`, `b<bias>` unless it is the default one, then the convention."""
        bias = "" if self.bias == default_bias(self.exponent, self.convention) else f"b{self.bias}"
        suffix = "" if self.convention == "ieee" else self.convention
        if self.signed and convention_of_fn(self.bits) == "finite":
            suffix = {"finite": "fn", "fn": "fnan"}.get(self.convention, suffix)
        plain = f"e{self.exponent}m{self.mantissa}{bias}{suffix}{'' if self.signed else 'u'}"
        return f"{plain}ieee" if plain in ALIASES else plain

    @cached_property
    def full_name(self) -> str:
        """The short name if the format has one, else the rule."""
        plain = (self.convention, self.bias) == ("ieee", default_bias(self.exponent, "ieee"))
        plain = plain and self.signed
        return (_MEMBERS.get((self.exponent, self.mantissa)) if plain else None) or self.rule_name

    # --- exponents of two

    @property
    def lowest(self) -> int:
        """Exponent of the smallest normal value."""
        return int(self.has_zero) - self.bias

    @property
    def lsb(self) -> int:
        """Exponent of the smallest positive value: every finite value is a multiple of it."""
        return self.lowest - self.mantissa

    @property
    def highest(self) -> int:
        """Exponent of the largest finite value."""
        return (self.max_code >> self.mantissa) - self.bias

    # --- codes, below the sign bit

    @property
    def sign_code(self) -> int:
        return 1 << self.exponent + self.mantissa if self.signed else 0

    @cached_property
    def max_code(self) -> int:
        """Code of the largest finite value."""
        ones = (1 << self.exponent + self.mantissa) - 1
        if self.convention == "ieee":
            return ones - (1 << self.mantissa)
        return ones - (self.convention == "fn")

    @property
    def inf_code(self) -> int | None:
        return self.max_code + 1 if self.convention == "ieee" else None

    @property
    def nan_code(self) -> int | None:
        """The canonical NaN: quiet, positive, no payload."""
        match self.convention:
            case "ieee":
                return (self.max_code + 1) | 1 << self.mantissa - 1
            case "fn":
                return self.max_code + 1
            case "fnuz":
                return self.sign_code
            case _:
                return None

    @property
    def default_overflow(self) -> str:
        return {"ieee": "inf", "fn": "nan", "fnuz": "nan", "finite": "sat"}[self.convention]

    @property
    def largest(self) -> float:
        """The largest finite value."""
        fraction = self.max_code & (1 << self.mantissa) - 1
        return float(2**self.mantissa + fraction) * 2.0 ** (self.highest - self.mantissa)

    @property
    def smallest(self) -> float:
        """The smallest positive value."""
        return 2.0**self.lsb
