"""The virtual machine: the result of a program, bit-exact, all thread blocks at once."""

from tilevm.vm.bind import Launch, bind, bind_symbols
from tilevm.vm.machine import CHUNK_BYTES, Event, execute, run

__all__ = ["CHUNK_BYTES", "Event", "Launch", "bind", "bind_symbols", "execute", "run"]
