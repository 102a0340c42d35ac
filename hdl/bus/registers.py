"""The control registers of a design, as data: addresses, fields, and the page about them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from hdl.runtime import RuntimeSize

IDENTITY = 0x54494C45  # "TILE"
VERSION = 1  # of this map
STEPS = 0x24  # the register of a size that is chosen at each launch
PORT_BASE = 0x40
PORT_STRIDE = 0x10


@dataclass(frozen=True)
class Register:
    """A word of 32 bits; `access` is ``ro``, ``rw``, or ``w1`` (what a written 1 does)."""

    name: str
    offset: int
    access: str
    text: str
    fields: tuple[tuple[str, int, str], ...] = ()  # name, bit, meaning


@dataclass(frozen=True)
class PortRegisters:
    """The registers of one port; only one with a memory bus has an address, and errors."""

    port: str
    base: int
    has_address: bool

    @property
    def registers(self) -> list[Register]:
        found = [
            Register(
                f"{self.port}_waits",
                self.base,
                "ro",
                f"cycles since the design was last idle in which port `{self.port}` waited for "
                "the outside: in, a beat was due and none offered; out, one offered and not taken",
            )
        ]
        if self.has_address:
            found.append(
                Register(
                    f"{self.port}_errors",
                    self.base + 4,
                    "ro",
                    "answers of memory that were errors since the design was last idle",
                )
            )
            for part, (name, text) in enumerate((("low", "bits 0-31"), ("high", "bits 32-63"))):
                found.append(
                    Register(
                        f"{self.port}_address_{name}",
                        self.base + 8 + 4 * part,
                        "rw",
                        f"byte address of the image of port `{self.port}` in memory, {text}; "
                        "a multiple of 4096 (the low 12 bits are taken as 0); "
                        "to be changed only while the design is idle",
                    )
                )
        return found


CONTROL = Register(
    "control",
    0x0C,
    "w1",
    "starts launches; 15 may be under way, and a start beyond them is dropped",
    (("start", 0, "start one launch"),),
)
STATUS = Register(
    "status",
    0x10,
    "w1",
    "state of the design; writing a 1 clears a bit that stays, as `done` does",
    (
        ("busy", 0, "a launch is under way (cannot be written)"),
        ("done", 1, "stays: a launch has ended"),
        ("dropped", 2, "stays: a start was dropped, as launches enough were under way"),
        ("misframed", 3, "stays: `tlast` or `tkeep` of an AXI4-Stream was not as due"),
        ("bus_error", 4, "stays: a memory answered with an error"),
        ("wrong_size", 5, "stays: a start was dropped, as `steps` was out of range"),
    ),
)

LAUNCHES = Register("launches", 0x14, "ro", "launches that have ended since the reset, modulo 2^32")
CYCLES = Register(
    "cycles", 0x18, "ro", "cycles in which the design was busy since it was last idle"
)

FIXED = (
    Register("identity", 0x00, "ro", f"{IDENTITY:#010x}, `TILE` in ASCII"),
    Register("version", 0x04, "ro", f"{VERSION}: version of this map"),
    Register("design", 0x08, "ro", "the first 32 bits of the SHA-256 of the program as built"),
    CONTROL,
    STATUS,
    LAUNCHES,
    CYCLES,
    Register("cycles_high", 0x1C, "ro", "bits 32-63 of `cycles`"),
    Register("predicted", 0x20, "ro", "`cycles` of one launch with ports always ready"),
)


@dataclass(frozen=True)
class RegisterMap:
    """All registers of a design with these ports."""

    ports: tuple[PortRegisters, ...]
    size: RuntimeSize | None = None

    @classmethod
    def of(cls, ports: Sequence[tuple[str, bool]], size: RuntimeSize | None = None) -> RegisterMap:
        """For ports by name, each with whether it has an address."""
        return cls(
            tuple(
                PortRegisters(name, PORT_BASE + number * PORT_STRIDE, address)
                for number, (name, address) in enumerate(ports)
            ),
            size,
        )

    @property
    def registers(self) -> list[Register]:
        fixed = list(FIXED)
        if self.size is not None:
            size = self.size
            fixed[fixed.index(CONTROL)] = replace(
                CONTROL, text="starts a launch; one may be under way, a start beyond it is dropped"
            )
            fixed.append(
                Register(
                    "steps",
                    STEPS,
                    "rw",
                    f"steps of the grid's first dimension, 1 to {size.most}, that the next launch "
                    f"makes: {size.symbol} = {size.unit} * steps; {size.most} after the reset",
                )
            )
        return [*fixed, *(register for port in self.ports for register in port.registers)]

    @property
    def address_bits(self) -> int:
        """Bits of a byte address that reaches every register."""
        return (PORT_BASE + len(self.ports) * PORT_STRIDE - 1).bit_length()

    def data(self) -> list[dict[str, Any]]:
        """The registers as plain data."""
        return [
            {
                "name": register.name,
                "offset": register.offset,
                "access": register.access,
                "text": register.text,
                "fields": [
                    {"name": name, "bit": bit, "text": text} for name, bit, text in register.fields
                ],
            }
            for register in self.registers
        ]

    def markdown(self, name: str) -> str:
        """The page of registers."""
        lines = [
            f"# Registers of {name}",
            "",
            "Words of 32 bits at byte offsets. `ro`: read only; `rw`: read and written; `w1`: a",
            "written 1 acts, a 0 does nothing. Other addresses answer with an error.",
            "",
            "| offset | name | access | what |",
            "|---|---|---|---|",
        ]
        for register in self.registers:
            bits = "".join(f"; bit {bit} `{name}`: {text}" for name, bit, text in register.fields)
            lines.append(
                f"| {register.offset:#04x} | {register.name} | {register.access} "
                f"| {register.text}{bits} |"
            )
        return "\n".join(lines) + "\n"
