"""The virtual machine: the result of a program, bit-exact, all thread blocks at once."""

from tilevm.vm.bind import Launch, bind, bind_symbols
from tilevm.vm.footprint import check_memory
from tilevm.vm.group import Group
from tilevm.vm.machine import CHUNK_BYTES, Event, execute, run
from tilevm.vm.watcher import Watcher

__all__ = [
    "CHUNK_BYTES",
    "Event",
    "Group",
    "Launch",
    "Watcher",
    "bind",
    "bind_symbols",
    "check_memory",
    "execute",
    "run",
]
