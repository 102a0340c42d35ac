"""A memory of words that is read in the same cycle and written at its end."""

from __future__ import annotations

from collections.abc import Sequence

from amaranth import Module, Value, unsigned
from amaranth.lib import memory
from amaranth.utils import ceil_log2

from hdl.units.stage import joined

_WIDTH = 512  # bits of one memory at most: Amaranth's simulator nests write enables bit by bit


class Words:
    """`depth` words of `width` bits, as submodules of `m`; zero, or `init`, at the start.

    Wide words lie in several memories side by side.
    """

    def __init__(
        self, m: Module, name: str, depth: int, width: int, init: Sequence[int] = ()
    ) -> None:
        self._m, self._name, self._ports = m, name, 0
        self._address = ceil_log2(depth)
        self._slices: list[tuple[int, int, memory.Memory]] = []
        for low in range(0, width, _WIDTH):
            high = min(low + _WIDTH, width)
            part = [word >> low & (1 << high - low) - 1 for word in init]
            held = memory.Memory(shape=unsigned(high - low), depth=depth, init=part)
            label = name if width <= _WIDTH else f"{name}{low // _WIDTH}"
            m.submodules[label] = held
            self._slices.append((low, high, held))

    def read(self, address: Value) -> Value:
        """The word at an address."""
        parts = []
        for low, high, held in self._slices:
            shape = unsigned(high - low)
            signature = memory.ReadPort.Signature(addr_width=self._address, shape=shape)
            path = (f"{self._name}_read{self._ports}_{low}",)
            port = memory.ReadPort(signature, memory=held, domain="comb", path=path)
            self._m.d.comb += port.addr.eq(address)
            parts.append(Value.cast(port.data))
        self._ports += 1
        return joined(parts)

    def write(self, address: Value, word: Value, enable: Value) -> None:
        """Replace the word at an address where `enable` is 1."""
        for low, high, held in self._slices:
            shape = unsigned(high - low)
            signature = memory.WritePort.Signature(addr_width=self._address, shape=shape)
            path = (f"{self._name}_write_{low}",)
            port = memory.WritePort(signature, memory=held, domain="sync", path=path)
            self._m.d.comb += [
                port.addr.eq(address),
                port.data.eq(word[low:high]),
                port.en.eq(enable),
            ]
