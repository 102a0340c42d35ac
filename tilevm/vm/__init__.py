"""The virtual machine: the result of a program, bit-exact, all thread blocks at once."""

from tilevm.vm.bind import Launch, bind, bind_symbols
from tilevm.vm.footprint import check_memory
from tilevm.vm.machine import CHUNK_BYTES, Event, execute, run

__all__ = [
    "CHUNK_BYTES",
    "Event",
    "Launch",
    "bind",
    "bind_symbols",
    "check_memory",
    "execute",
    "run",
]
