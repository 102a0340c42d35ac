"""Files and folders that are written whole or not at all."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from tilevm.diagnostics import TileError, error

MANIFEST = "manifest.json"


def _cannot(path: str | Path, reason: str, help: str | None = None) -> TileError:
    return error("TV0802", f"cannot write {path}: {reason}", help=help)


def _temporary(folder: Path) -> Path:
    return folder / f".tilevm-{secrets.token_hex(6)}.tmp"


# --- files


def check_writable(path: str | Path) -> None:
    """TileError TV0802 unless a file can be written there; asked before long work."""
    with _opened(path) as (_, temporary):
        if temporary is not None:
            temporary.unlink()


@contextmanager
def whole_file(path: str | Path) -> Iterator[Path]:
    """A name to write to, whose content appears at `path` when the block ends without an error.

    The file keeps the permissions that it had; a link keeps pointing to it.  A device or pipe is
    written directly.  TileError TV0802 where the operating system refuses.
    """
    with _opened(path) as (target, temporary):
        if temporary is None:
            yield target
            return
        try:
            yield temporary
            os.replace(temporary, target)
        except OSError as problem:
            if problem.filename not in (None, str(temporary), str(target)):
                raise
            raise _cannot(path, problem.strerror or str(problem)) from None
        finally:
            temporary.unlink(missing_ok=True)


@contextmanager
def _opened(path: str | Path) -> Iterator[tuple[Path, Path | None]]:
    """The place that `path` leads to, and an empty file beside it (None for a device)."""
    try:
        target = Path(os.path.realpath(path))
        found = os.stat(target) if target.exists() else None
        if found is not None and stat.S_ISDIR(found.st_mode):
            raise _cannot(path, "it is a folder", "name a file in it")
        if found is not None and not os.access(target, os.W_OK):
            raise _cannot(path, "permission denied")
        temporary: Path | None = None
        if found is None or stat.S_ISREG(found.st_mode):
            temporary = _temporary(target.parent)
            os.close(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
            if found is not None:
                os.chmod(temporary, stat.S_IMODE(found.st_mode))
    except (OSError, ValueError) as problem:
        reason = getattr(problem, "strerror", None) or str(problem)
        raise _cannot(path, reason, _missing_folder(path)) from None
    yield target, temporary


def _missing_folder(path: str | Path) -> str | None:
    folder = os.path.dirname(path) or "."
    return None if "\0" in str(path) or os.path.isdir(folder) else f"make the folder {folder} first"


# --- folders


def check_folder(path: str | Path, force: bool) -> None:
    """TileError TV0802 unless a folder can be written there, TV0806 where foreign files are."""
    target = Path(os.path.realpath(path))
    try:
        if target.exists() and not target.is_dir():
            raise _cannot(path, "it is a file, not a folder")
        foreign = _foreign(target)
    except (OSError, ValueError) as problem:
        raise _cannot(path, getattr(problem, "strerror", None) or str(problem)) from None
    if foreign and not force:
        raise error(
            "TV0806",
            f"the folder {path} holds files that tilevm did not write, such as {foreign[0]}",
            help="name another folder, or say `--force` to write among them",
        )
    above = next(p for p in (target, *target.parents) if p.exists())
    if not above.is_dir() or not os.access(above, os.W_OK | os.X_OK):
        raise _cannot(path, f"{above} is not a folder that you may write to")


def _foreign(folder: Path) -> list[str]:
    """The files in a folder that no manifest of ours lists, sorted."""
    if not folder.exists():
        return []
    own = set(_listed(folder))
    present = [p for p in folder.rglob("*") if p.is_symlink() or not p.is_dir()]
    names = sorted(p.relative_to(folder).as_posix() for p in present)
    return [name for name in names if name not in own]


def _listed(folder: Path) -> list[str]:
    """The files that the manifest in a folder lists, itself included; none without a manifest."""
    try:
        content = json.loads((folder / MANIFEST).read_text("utf-8"))
        names = content["files"] if content["generator"] == "tilevm" else []
    except (OSError, ValueError, TypeError, KeyError):
        return []
    inside = [n for n in names if isinstance(n, str) and ".." not in n.split("/") and n[:1] != "/"]
    return [*inside, MANIFEST] if inside else []


def write_folder(
    path: str | Path, files: Mapping[str, str], facts: Mapping[str, object], force: bool
) -> None:
    """Writes text files by relative path, and a manifest with `facts`: all of them, or nothing.

    A folder of ours is replaced; with `force` foreign files in it stay, and only ours are replaced.
    """
    check_folder(path, force)
    target = Path(os.path.realpath(path))
    made = _make_parents(target.parent)
    temporary = _temporary(target.parent)
    content = {"generator": "tilevm", **facts, "files": sorted(files)}
    texts = {**files, MANIFEST: json.dumps(content, indent=2) + "\n"}
    try:
        for name, text in texts.items():
            place = temporary / name
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text, "utf-8")
        # a folder that someone stands in, or with foreign files, keeps its identity
        if target.exists() and (_foreign(target) or Path.cwd().is_relative_to(target)):
            _fill(target, temporary, list(texts))
        else:
            _swap(target, temporary)
        made = []
    except OSError as problem:
        raise _cannot(path, problem.strerror or str(problem)) from None
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
        for folder in made:
            folder.rmdir()


def _make_parents(folder: Path) -> list[Path]:
    """Makes a folder and those above it; returns the new ones, innermost first."""
    missing = [p for p in (folder, *folder.parents) if not p.exists()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise _cannot(folder, problem.strerror or str(problem)) from None
    return missing


def _swap(target: Path, new: Path) -> None:
    old = _temporary(target.parent)
    if target.exists():
        os.rename(target, old)
    try:
        os.rename(new, target)
    except OSError:
        if old.exists():
            os.rename(old, target)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _fill(target: Path, new: Path, names: list[str]) -> None:
    stale = set(_listed(target)) - set(names)
    for name in names:
        place = target / name
        place.parent.mkdir(parents=True, exist_ok=True)
        os.replace(new / name, place)
    for name in stale:
        (target / name).unlink(missing_ok=True)
        for above in Path(name).parents[:-1]:
            with suppress(OSError):  # it holds more
                (target / above).rmdir()
