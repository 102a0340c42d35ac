"""Options of a design and of its simulation: what they may be, and what is said of others."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hdl.lower import MAX_ENGINES
from tilevm.diagnostics import error, nearest

DOT_FORMS = ("mac", "lut", "bitserial", "ternary")
SIMULATORS = ("amaranth", "verilator", "icarus")
FASTEST = "fastest"  # of the simulators, the first that is installed
MAX_LANES = 4096


def is_whole(number: object) -> bool:
    """Whether it is an integer, of Python or NumPy; truth values are none."""
    return isinstance(number, int | np.integer) and not isinstance(number, bool)


def check_lanes(lanes: object) -> None:
    """TileError TV0505 unless it is a number of elements a cycle."""
    _between("TV0505", "lanes", lanes, MAX_LANES)


def check_engines(engines: object) -> None:
    """TileError TV0506 unless it is a number of copies of the hardware."""
    _between("TV0506", "engines", engines, MAX_ENGINES)


def check_dot(form: object) -> None:
    """TileError TV0501 unless it is one of `DOT_FORMS`."""
    if form not in DOT_FORMS:
        said = f"`dot` is one of {', '.join(DOT_FORMS)}, not {form!r}"
        raise error("TV0501", said, help=meant(form, DOT_FORMS))


def check_runtime(symbol: object, control: object) -> None:
    """TileError TV0623 for a size that is to be chosen in a register, where there is none."""
    if symbol is not None and control is None:
        said = f"`runtime` = {symbol!r} needs a register for the size, and the design has none"
        raise error("TV0623", said, help="give it control registers: `control`")


def check_most_bits(bits: object) -> None:
    """TileError TV0616 unless it is a number of bits, or None."""
    if bits is not None and (not is_whole(bits) or bits < 0):
        raise error("TV0616", f"`max_bits` is a whole number from 0 up, not {bits!r}")


def check_simulator(name: object) -> None:
    """TileError TV0608 unless it is one of `SIMULATORS`."""
    if name not in SIMULATORS:
        hint = meant(name, SIMULATORS) or f"simulators: {', '.join(SIMULATORS)}"
        raise error("TV0608", f"there is no simulator `{name}`", help=hint)


def check_stall(stall: object, seed: object) -> None:
    """TileError TV0609 unless these are a share of cycles, and a seed."""
    if isinstance(stall, bool) or not isinstance(stall, int | float) or not 0 <= stall < 1:
        raise error("TV0609", f"`stall` is a fraction from 0 to below 1, not {stall!r}")
    if not is_whole(seed) or seed < 0:
        raise error("TV0609", f"`seed` is a whole number from 0 up, not {seed!r}")


def _between(code: str, name: str, number: object, most: int) -> None:
    if not is_whole(number) or not 1 <= number <= most:
        raise error(code, f"`{name}` is a number from 1 to {most}, not {number!r}")


def meant(name: object, known: Sequence[str]) -> str | None:
    """The hint that names what is nearest; None where nothing is near."""
    near = nearest(str(name), known)
    return f"did you mean `{near}`?" if near else None
