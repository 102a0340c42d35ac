"""A folder with a program and arrays, and the command run in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from tilevm.cli import main

GEMV = """\
# y[n] = sum over k of w[n, k] * x[k]
kernel gemv(w: global i3[N, K], x: global i8[K], y: global i32[N])
  where N % 8 == 0, K % 8 == 0
  grid (n = N / 8)
{
  zero = full i32[8] {value = 0}
  acc = for k in 0 .. K / 8 carry (sum = zero) {
    wt: i3[8, 8] = load w[n * 8, k * 8]
    xt: i8[8] = load x[k * 8]
    part = dot wt, xt {acc = i32}
    next = add sum, part
    yield next
  }
  store acc, y[n * 8]
}
"""

TWO = """\
kernel two(x: global i8[N], y: global i8[N], z: global i8[N])
  grid (n = N / 4)
{
  t: i8[4] = load x[n * 4]
  u = add t, t
  store u, y[n * 4]
  v = neg t
  store v, z[n * 4]
}
"""

SCALED = """\
kernel scaled(x: global f32[N], y: global f32[N])
  grid (n = N / 4)
{
  t: f32[4] = load x[n * 4]
  u = add t, t
  store u, y[n * 4]
}
"""

N, K = 16, 8


@dataclass(frozen=True)
class Outcome:
    """What a command gave."""

    status: int
    out: str
    err: str


@dataclass(frozen=True)
class Folder:
    """A working folder: gemv.tile, two.tile, scaled.tile, w.npy, x.npy, data.npz."""

    path: Path
    capture: pytest.CaptureFixture[str]

    def __call__(self, *words: str) -> Outcome:
        """Runs `tilevm words` in process."""
        self.capture.readouterr()
        status = main(words)
        shown = self.capture.readouterr()
        return Outcome(status, shown.out, shown.err)

    def files(self) -> dict[str, bytes]:
        """The content of every file below the folder."""
        found = [p for p in self.path.rglob("*") if p.is_file()]
        return {p.relative_to(self.path).as_posix(): p.read_bytes() for p in found}

    def write(self, name: str, content: str | bytes) -> None:
        """Writes a file."""
        data = content.encode() if isinstance(content, str) else content
        (self.path / name).write_bytes(data)


def make(path: Path, capture: pytest.CaptureFixture[str]) -> Folder:
    """Fills a folder."""
    folder = Folder(path, capture)
    folder.write("gemv.tile", GEMV)
    folder.write("two.tile", TWO)
    folder.write("scaled.tile", SCALED)
    w, x = arrays()
    np.save(path / "w.npy", w)
    np.save(path / "x.npy", x)
    np.savez(path / "data.npz", w=w, x=x, spare=np.zeros(3))
    return folder


def arrays() -> tuple[np.ndarray, np.ndarray]:
    """`w` of 3 bits [N, K], `x` of 8 bits [K]."""
    rng = np.random.default_rng(7)
    return rng.integers(-4, 4, (N, K)), rng.integers(-128, 128, K)


def refused(outcome: Outcome, status: int, code: str) -> None:
    """Asserts a clear failure: its status and code, nothing on stdout, no traceback."""
    assert outcome.status == status, outcome
    assert f"error[{code}]" in outcome.err, outcome.err
    assert "Traceback" not in outcome.err and "TV0901" not in outcome.err, outcome.err


WORDS: Sequence[str] = ("gemv.tile", "gemv", "-a", "w=w.npy", "-a", "x=x.npy")
