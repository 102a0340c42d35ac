"""tilevm: low-precision tile programs, run bit-exactly, built as hardware, and proved equal.

>>> import tilevm
>>> program = tilevm.parse('''
... kernel double(x: global i8[N], y: global i8[N])
...   where N % 4 == 0
...   grid (n = N / 4)
... {
...   t: i8[4] = load x[n * 4]
...   s = add t, t
...   store s, y[n * 4]
... }
... ''')
>>> tilevm.run(program["double"], x=[1, 2, 3, 4])["y"].tolist()
[2, 4, 6, 8]
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from tilevm.diagnostics import TileError

if TYPE_CHECKING:
    from tilevm import passes
    from tilevm.dtypes import codebook, dtype
    from tilevm.measure import stats
    from tilevm.text import load, parse
    from tilevm.vm import run

__version__ = "0.1.0"

__all__ = [
    "TileError",
    "__version__",
    "codebook",
    "dtype",
    "load",
    "parse",
    "passes",
    "run",
    "stats",
]

_HOMES = {
    "codebook": "tilevm.dtypes",
    "dtype": "tilevm.dtypes",
    "load": "tilevm.text",
    "parse": "tilevm.text",
    "run": "tilevm.vm",
    "stats": "tilevm.measure",
}


def __getattr__(name: str) -> Any:
    """Loads NumPy and Lark with the first name that needs them: `tilevm --help` needs neither."""
    if name == "passes":
        return import_module("tilevm.passes")
    if name in _HOMES:
        found = globals()[name] = getattr(import_module(_HOMES[name]), name)  # not asked again
        return found
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
