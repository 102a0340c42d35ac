"""A memory of words that is read in the same cycle and written at its end."""

from __future__ import annotations

from collections.abc import Sequence

from amaranth import Module, Value, unsigned
from amaranth.lib import memory
from amaranth.utils import ceil_log2


class Words:
    """`depth` words of `width` bits, as a submodule of `m`; zero, or `init`, at the start."""

    def __init__(
        self, m: Module, name: str, depth: int, width: int, init: Sequence[int] = ()
    ) -> None:
        self._m, self._name, self._ports = m, name, 0
        self._shape, self._address = unsigned(width), ceil_log2(depth)
        self._memory = memory.Memory(shape=self._shape, depth=depth, init=init)
        m.submodules[name] = self._memory

    def read(self, address: Value) -> Value:
        """The word at an address."""
        signature = memory.ReadPort.Signature(addr_width=self._address, shape=self._shape)
        path = (f"{self._name}_read{self._ports}",)
        port = memory.ReadPort(signature, memory=self._memory, domain="comb", path=path)
        self._ports += 1
        self._m.d.comb += port.addr.eq(address)
        return Value.cast(port.data)

    def write(self, address: Value, word: Value, enable: Value) -> None:
        """Replace the word at an address where `enable` is 1."""
        signature = memory.WritePort.Signature(addr_width=self._address, shape=self._shape)
        path = (f"{self._name}_write",)
        port = memory.WritePort(signature, memory=self._memory, domain="sync", path=path)
        self._m.d.comb += [port.addr.eq(address), port.data.eq(word), port.en.eq(enable)]
