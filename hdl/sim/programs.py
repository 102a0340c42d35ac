"""Programs of other people: how they are called, and what is kept of them between runs."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from tempfile import gettempdir

from tilevm.diagnostics import error

_CAUSES = 3  # lines of a log that a message shows


def cache_folder() -> Path:
    """The folder of tilevm in the user's cache, or among the temporary files where there is none.

    Raises TileError TV0802 where neither can be written.
    """
    owner = os.getuid() if hasattr(os, "getuid") else None
    temporary = Path(gettempdir()) / f"tilevm-{owner}"
    for folder in (*_user_folders(), temporary):
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            # programs are run from here, and everyone can make a folder among the temporary files
            own = folder is not temporary or owner in (None, folder.stat().st_uid)
        except OSError:
            continue
        if own and os.access(folder, os.W_OK | os.X_OK):
            return folder
    raise error(
        "TV0802",
        f"no folder for compiled simulators: `{temporary}` cannot be written",
        help="set XDG_CACHE_HOME to a folder of your own",
    )


def _user_folders() -> list[Path]:
    if base := os.environ.get("XDG_CACHE_HOME"):
        return [Path(base) / "tilevm"]
    try:
        return [Path.home() / ".cache" / "tilevm"]
    except RuntimeError:  # no HOME, and a user without an entry
        return []


def call(
    command: Sequence[str | Path], folder: Path, environment: Mapping[str, str] | None = None
) -> str:
    """What a program prints that is run in `folder`.

    If it fails, `folder` is kept with what it said in the file ``log``, and TileError TV0612 shows
    the cause.
    """
    words = [str(word) for word in command]
    done = subprocess.run(
        words,
        cwd=folder,
        env={**os.environ, **(environment or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    if done.returncode == 0:
        return done.stdout
    log = done.stderr + done.stdout
    name = Path(words[0]).name
    (folder / "log").write_text(f"{' '.join(words)}\n{log}", "utf-8")
    kept = cache_folder() / "failed" / f"{name}-{sha256(log.encode()).hexdigest()[:12]}"
    shutil.copytree(folder, kept, dirs_exist_ok=True)
    said = [line.strip() for line in log.splitlines() if line.strip()]
    causes = [line for line in said if "error" in line.lower()][:_CAUSES] or said[-_CAUSES:]
    raise error(
        "TV0612",
        f"`{name}` fails on the emitted Verilog (exit status {done.returncode})",
        notes=[*causes, f"the sources and all it said are in {kept}"],
    )
