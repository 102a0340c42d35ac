"""Elementwise functions whose steps need a name in hardware: division, rotation, random words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from hdl.lower.functions.beats import Lane, beat_shape, meant
from hdl.lower.functions.elementwise import absolute, clamp
from hdl.netlist import BeatShape
from hdl.units import Beats, fit
from tilevm.dtypes import DType, IntType
from tilevm.dtypes.philox import MULTIPLIERS, ROUNDS, STEPS, random_words
from tilevm.ir.ops.bits import Rotation


def named(m: Any, value: Lane, name: str) -> Lane:
    """A signal that is a value: what reads it several times is not written out several times."""
    from amaranth import Signal, Value

    signal = Signal(Value.cast(value).shape(), name=name)
    m.d.comb += signal.eq(value)
    return signal


@dataclass(frozen=True, eq=False)
class Divide:
    """Quotients or remainders of each lane, bit by bit from the highest: a restoring divider.

    Division by zero, where the machine stops, gives a quotient of ones and the dividend as the
    remainder, with the signs of `floor` or of truncation.
    """

    kind: DType
    lanes: int
    floor: bool
    remainder: bool
    saturates: bool = False

    @property
    def name(self) -> str:
        rounding = "floor" if self.floor else "trunc"
        return rounding + ("mod" if self.remainder else "div")

    @property
    def shape(self) -> BeatShape:
        return beat_shape(self.kind, self.lanes)

    def emit(self, m: Any, operands: Sequence[list[Lane]]) -> list[Lane]:
        pairs = zip(*operands, strict=True)
        return [self._lane(m, f"lane{n}", a, b) for n, (a, b) in enumerate(pairs)]

    def _lane(self, m: Any, name: str, a: Lane, b: Lane) -> Lane:
        from amaranth import Cat, Const, Mux

        bits = self.kind.bits
        top = named(m, absolute(a)[:bits] if self.kind.signed else a, f"{name}_dividend")
        by = named(m, absolute(b)[:bits] if self.kind.signed else b, f"{name}_divisor")
        rest: Lane = Const(0, bits)
        quotient: list[Lane] = []
        for bit in reversed(range(bits)):
            trial = named(m, Cat(top[bit], rest), f"{name}_trial{bit}")
            fits = named(m, trial >= by, f"{name}_fits{bit}")
            rest = named(m, Mux(fits, trial - by, trial)[:bits], f"{name}_rest{bit}")
            quotient.insert(0, fits)
        found = Cat(quotient)
        if self.kind.signed:
            differ = named(m, (a < 0) ^ (b < 0), f"{name}_differ")
            inexact = named(m, rest != 0, f"{name}_inexact")
            if self.remainder:
                signed = named(m, Mux(a < 0, -rest, rest), f"{name}_signed")
                return Mux(differ & inexact, signed + b, signed) if self.floor else signed
            negative = -found - inexact if self.floor else -found
            found = named(m, Mux(differ, negative, found), f"{name}_quotient")
        if self.remainder:
            return rest
        return clamp(found, self.kind) if self.saturates else found

    def model(self, operands: Sequence[Beats]) -> Beats:
        a, b = (each.astype(object) for each in operands)
        top, by = abs(a), abs(b)
        safe = np.where(by == 0, 1, by)
        quotient = np.where(by == 0, (1 << self.kind.bits) - 1, top // safe)
        rest = np.where(by == 0, top, top % safe)
        differ = (a < 0) ^ (b < 0)
        inexact = (rest != 0) & self.floor
        if self.remainder:
            signed = np.where(a < 0, -rest, rest)
            return fit(np.where(differ & inexact, signed + b, signed), self.shape)
        found = np.where(differ, -quotient - inexact.astype(object), quotient)
        if self.saturates:
            found = np.minimum(np.maximum(found, int(self.kind.min)), int(self.kind.max))
        return fit(found, self.shape)


@dataclass(frozen=True, eq=False)
class Rotate:
    """Each lane rotated: for every bit of the amount one multiplexer, of a fixed rotation."""

    op: Rotation
    shape: BeatShape

    @property
    def name(self) -> str:
        return self.op.name

    def emit(self, m: Any, operands: Sequence[list[Lane]]) -> list[Lane]:
        from amaranth import Mux

        bits, down = self.shape.bits, self.op.name == "rotr"
        results = []
        for number, (a, n) in enumerate(zip(*operands, strict=True)):
            value = a.as_unsigned()
            for bit in range(len(n)):
                weight = 1 << bit
                if bit == len(n) - 1 and self.op.n.dtype.signed:
                    weight = -weight
                step = (-weight if down else weight) % bits
                if step:
                    moved = Mux(n[bit], value.rotate_left(step), value)
                    value = named(m, moved, f"lane{number}_bit{bit}")
            results.append(value)
        return results

    def model(self, operands: Sequence[Beats]) -> Beats:
        return meant(self.op, operands)


@dataclass(frozen=True, eq=False)
class Philox:
    """Random elements by number: the first operand, one lane, plus each lane of the second.

    Each lane has the ten rounds of Philox-4x32 to itself: twenty multipliers of 32 bits.
    """

    kind: IntType
    lanes: int
    seed: int
    name: str = "random"

    @property
    def shape(self) -> BeatShape:
        return beat_shape(self.kind, self.lanes)

    def emit(self, m: Any, operands: Sequence[list[Lane]]) -> list[Lane]:
        (base,), lanes = operands
        return [self._lane(m, f"lane{n}", (base + lane)[:64]) for n, lane in enumerate(lanes)]

    def _lane(self, m: Any, name: str, total: Lane) -> Lane:
        from amaranth import Cat, Const
        from amaranth.hdl import Array

        number = named(m, total, f"{name}_number")
        wide = self.kind.bits > 32
        counter = number[1:63] if wide else number[2:64]
        words: list[Lane] = [counter[:32], counter[32:], Const(0, 32), Const(0, 32)]
        key = [self.seed & 0xFFFFFFFF, self.seed >> 32 & 0xFFFFFFFF]
        for turn in range(ROUNDS):
            p = named(m, words[0] * MULTIPLIERS[0], f"{name}_round{turn}_p")
            q = named(m, words[2] * MULTIPLIERS[1], f"{name}_round{turn}_q")
            high = [q[32:64] ^ words[1] ^ key[0], p[32:64] ^ words[3] ^ key[1]]
            first, third = (
                named(m, value[:32], f"{name}_round{turn}_{which}")
                for value, which in zip(high, ("x", "z"), strict=True)
            )
            words = [first, q[:32], third, p[:32]]
            key = [(word + step) & 0xFFFFFFFF for word, step in zip(key, STEPS, strict=True)]
        if wide:
            return Array([Cat(words[:2]), Cat(words[2:])])[number[0]][: self.kind.bits]
        return Array(words)[number[:2]][: self.kind.bits]

    def model(self, operands: Sequence[Beats]) -> Beats:
        base, lanes = (each.astype(object) for each in operands)
        numbers = (base[:, :1] + lanes) % (1 << 64)
        if self.kind.bits <= 32:
            codes = random_words(self.seed, numbers.astype(np.uint64), 1)[..., 0]
            return fit(codes.astype(np.uint64), self.shape)
        pairs = random_words(self.seed, (numbers * 2 % (1 << 64)).astype(np.uint64), 2)
        codes = pairs[..., 0].astype(np.uint64) | pairs[..., 1].astype(np.uint64) << np.uint64(32)
        return fit(codes, self.shape)
