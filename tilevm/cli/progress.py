"""What takes long says so, on stderr; what is quick says nothing."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Timer

PATIENCE = 2.0  # seconds


@contextmanager
def stage(what: str, patience: float = PATIENCE) -> Iterator[None]:
    """Around work that may be long: after `patience` seconds shows `what`, at the end its time."""
    start = time.monotonic()
    shown = False

    def show() -> None:
        nonlocal shown
        shown = True
        print(f"tilevm: {what} ...", file=sys.stderr, flush=True)

    timer = Timer(patience, show)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()
        if shown:
            print(f"tilevm: {what}: {time.monotonic() - start:.0f} s", file=sys.stderr, flush=True)
