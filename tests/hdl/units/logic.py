"""Combinational logic of Amaranth computed with NumPy: every expression for many inputs at once.

An interpreter of Amaranth's expressions, so that logic can be compared with an oracle for all
codes.  Simulators and Verilog run the same expressions in the tests of whole programs.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import numpy as np
from amaranth import Module, Signal, Value
from amaranth.hdl import _ast as ast

from hdl.floats import Circuit


class Recorded(Circuit):
    """A circuit that remembers what it assigns, in order."""

    def __init__(self) -> None:
        super().__init__(cast(Module, None))  # it assigns nothing in a module
        self.assigned: list[tuple[Signal, Value]] = []
        self.looked_up: dict[int, Sequence[int]] = {}  # words, by the signal of what is read

    def assign(self, kept: Signal, value: Any) -> None:
        self.assigned.append((kept, Value.cast(value)))

    def look_up(self, name: str, words: Sequence[int], bits: int, index: Any) -> Signal:
        kept = self.keep(name, index, bits)  # the index takes the place of the word
        self.looked_up[id(kept)] = words
        return kept


def evaluate(circuit: Recorded, result: Any, inputs: list[tuple[Signal, Any]]) -> Any:
    """The values of an expression, given arrays of whole numbers for its input signals."""
    known = {id(s): np.asarray(v, object) for s, v in inputs}
    assigned = [*(value for _, value in circuit.assigned), Value.cast(result)]
    if max(map(_widest, [*assigned, *(signal for signal, _ in inputs)])) <= 60:
        known = {key: value.astype(np.int64) for key, value in known.items()}
    for signal, value in circuit.assigned:
        found = _fit(_value(value, known), len(signal), signal.shape().signed)
        if (words := circuit.looked_up.get(id(signal))) is not None:
            found = np.array(words, _whole(known))[np.asarray(found).astype(np.int64)]
        known[id(signal)] = found
    return _value(Value.cast(result), known)


def _widest(value: Value) -> int:
    parts: list[Any] = []
    match value:
        case ast.Operator():
            parts = list(value.operands)
        case ast.Slice():
            parts = [value.value]
        case ast.Concat():
            parts = list(value.parts)
        case ast.SwitchValue():
            parts = [value.test, *(case for _, case in value.cases)]
    return max([len(value), *map(_widest, parts)])


def _whole(known: dict[int, Any]) -> Any:
    """The type of all whole numbers of an evaluation: int64, or Python's if one is wide."""
    return next(iter(known.values())).dtype


def _fit(x: Any, bits: int, signed: bool) -> Any:
    x = (np.asarray(x, object) if bits > 60 else x) & ((1 << bits) - 1)
    return x - ((x >> bits - 1 & 1) << bits) if signed else x


def _value(value: Value, known: dict[int, Any]) -> Any:
    match value:
        case ast.Const():
            return np.asarray(value.value, _whole(known))
        case ast.Signal():
            return known[id(value)]
        case ast.Slice():
            whole = _value(value.value, known)
            return whole >> value.start & ((1 << len(value)) - 1)
        case ast.Concat():
            total, at = np.asarray(0, _whole(known)), 0
            for part in value.parts:
                bits = np.asarray(_value(part, known) & (1 << len(part)) - 1, _whole(known))
                total, at = total | bits << at, at + len(part)
            return total
        case ast.SwitchValue():
            return _switch(value, known)
        case ast.Operator():
            return _operator(value, known)
    raise AssertionError(f"no meaning of {value!r}")


def _switch(value: Any, known: dict[int, Any]) -> Any:
    test = _value(value.test, known) & ((1 << len(value.test)) - 1)
    result = None
    for patterns, case in reversed(value.cases):
        found = _value(case, known)
        if patterns is None:
            result = found
            continue
        hit = np.zeros(np.shape(test), bool)
        for pattern in patterns:
            mask = int("".join("0" if bit == "-" else "1" for bit in pattern) or "0", 2)
            want = int(pattern.replace("-", "0") or "0", 2)
            hit = hit | np.asarray((test & mask) == want, bool)
        result = np.where(hit, found, 0 if result is None else result)
    return result


def _operator(value: Any, known: dict[int, Any]) -> Any:
    x = [_value(operand, known) for operand in value.operands]
    shapes = [operand.shape() for operand in value.operands]
    bits = len(value)
    match value.operator, len(x):
        case "~", 1:
            result = ~x[0]
        case "-", 1:
            result = -x[0]
        case "b" | "r|", 1:
            result = _bit(x[0] != 0)
        case "r&", 1:
            result = _bit(_fit(x[0], shapes[0].width, False) == (1 << shapes[0].width) - 1)
        case (("u" | "s"), 1):
            result = x[0]
        case "+", 2:
            result = x[0] + x[1]
        case "-", 2:
            result = x[0] - x[1]
        case "*", 2:
            result = x[0] * x[1]
        case "//", 2:
            result = np.where(x[1] == 0, 0, x[0] // np.where(x[1] == 0, 1, x[1]))
        case "&", 2:
            result = x[0] & x[1]
        case "|", 2:
            result = x[0] | x[1]
        case "^", 2:
            result = x[0] ^ x[1]
        case "<<", 2:
            result = x[0] << x[1]
        case ">>", 2:
            result = x[0] >> x[1]
        case "==", 2:
            result = _bit(x[0] == x[1])
        case "!=", 2:
            result = _bit(x[0] != x[1])
        case "<", 2:
            result = _bit(x[0] < x[1])
        case "<=", 2:
            result = _bit(x[0] <= x[1])
        case ">", 2:
            result = _bit(x[0] > x[1])
        case ">=", 2:
            result = _bit(x[0] >= x[1])
        case other:
            raise AssertionError(f"no meaning of {other}")
    return _fit(np.asarray(result, _whole(known)), bits, value.shape().signed)


def _bit(found: Any) -> Any:
    return np.asarray(found).astype(int)
