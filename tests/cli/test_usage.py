"""Wrong usage, help, explain, and what happens when all else fails."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import tilevm as api
from tests.cli.folder import WORDS, Folder
from tilevm.cli import run
from tilevm.cli.entry import COMMANDS
from tilevm.cli.output import whole_file
from tilevm.cli.progress import stage
from tilevm.diagnostics import CODES
from tilevm.ir import REGISTRY

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("", "the following arguments are required: COMMAND"),
        ("chek gemv.tile", "there is no command `chek`; did you mean `check`?"),
        ("check", "the following arguments are required: FILE"),
        ("run gemv.tile", "the following arguments are required: KERNEL"),
        ("run gemv.tile gemv more", "one argument too many: `more`"),
        ("run gemv.tile gemv --sett N=3", "there is no option `--sett`; did you mean `--set`?"),
        ("run gemv.tile gemv --set N", "`N` is not a size such as N=64"),
        (f"run gemv.tile gemv --set N={'9' * 5000}", "is not a size such as N=64"),
        ("run gemv.tile gemv --set N=1 --set N=1", "size `N` is given twice"),
        ("run gemv.tile gemv -a x", "`x` is not an argument such as x=x.npy"),
        ("run gemv.tile gemv -a x=x.npy -a x=x.npy", "argument `x` is given twice"),
        ("run gemv.tile gemv -a x=x.npy --set x=3", "`x` is given as a size and as an array"),
        ("run gemv.tile gemv -o y.txt", "-o must name a .npz or .npy file, not `y.txt`"),
        ("build gemv.tile gemv", "the following arguments are required: -o/--output"),
        ("check gemv.tile ''", "argument FILE: an empty name leads to no file"),
        ("run '' gemv", "argument FILE: an empty name leads to no file"),
        ("build gemv.tile gemv -o ''", "argument -o/--output: an empty name leads to no file"),
        ("sim gemv.tile gemv --waves ''", "argument --waves/--vcd: an empty name leads to no file"),
        ("build gemv.tile gemv -o d --lanes 0", "0 is not a whole number from 1 to 4096"),
        ("build gemv.tile gemv -o d --group 9", "9 is not a whole number from 1 to 8"),
        ("build gemv.tile gemv -o d --dot lutt", "invalid choice: 'lutt'"),
        ("sim gemv.tile gemv --stall 1", "`1` is not a fraction from 0 to below 1"),
        ("sim gemv.tile gemv --stall nan", "`nan` is not a fraction"),
        ("sim gemv.tile gemv --seed -1", "-1 is not a whole number from 0 up"),
        ("sim gemv.tile gemv --simulator amaranth --waves w.fst", "writes .vcd files, no .fst"),
        ("sim gemv.tile gemv --waves w.txt", "--waves must name a .vcd or .fst file, not `w.txt`"),
        ("verify gemv.tile gemv --rounds many", "`many` is not a whole number from 1 up"),
        ("explain rem", "there is no code, op or pass `rem`; write `floormod a, b`, whose sign"),
        ("explain dto", "there is no code, op or pass `dto`; did you mean `dot`?"),
        ("explain TV9999", "there is no code, op or pass `TV9999`"),
    ],
)
def test_wrong_usage_is_told_in_two_lines(tilevm: Folder, words: str, said: str) -> None:
    before = tilevm.files()
    outcome = tilevm(*shlex.split(words))
    assert (outcome.status, outcome.out) == (2, "")
    assert said in outcome.err
    assert len(outcome.err.splitlines()) == 2 and outcome.err.endswith(" --help`\n")
    assert tilevm.files() == before


PROGRAMS = {
    "empty": (b"", "TV0001"),
    "blank": (b"\n\n", "TV0001"),
    "binary": (bytes(range(256)), "TV0002"),
    "cut short": (b"kernel f(x: global i8[N]) {\n  t: i8[4] = load x[", "TV0001"),
    "an array": (b"\x93NUMPY\x01\x00", "TV0002"),
}


@pytest.mark.parametrize("name", PROGRAMS)
@pytest.mark.parametrize("command", ["run", "build", "sim", "verify"])
def test_programs_that_cannot_be_read(tilevm: Folder, command: str, name: str) -> None:
    data, code = PROGRAMS[name]
    tilevm.write("bad.tile", data)
    before = tilevm.files()
    outcome = tilevm(command, "bad.tile", "f", *(["-o", "out"] if command == "build" else []))
    assert outcome.status == 1 and outcome.out == ""
    assert f"error[{code}]" in outcome.err
    assert tilevm.files() == before


def test_a_megabyte_of_brackets(tilevm: Folder) -> None:
    tilevm.write("bad.tile", "(" * 2**20)
    for command in ("check", "fmt"):
        outcome = tilevm(command, "bad.tile")
        assert outcome.status == 1
        assert "error[TV00" in outcome.out + outcome.err
        assert len(outcome.out + outcome.err) < 2000


# --- help


@pytest.mark.parametrize("command", COMMANDS)
def test_the_example_of_each_help_works(tilevm: Folder, command: str) -> None:
    helped = tilevm(command, "--help")
    assert (helped.status, helped.err) == (0, "")
    assert all(len(line) <= 100 for line in helped.out.splitlines())
    example = helped.out.partition("example:\n")[2].strip()
    assert example.startswith(f"tilevm {command} ")
    tilevm("fmt", "gemv.tile")
    outcome = tilevm(*shlex.split(example)[1:])
    assert outcome.status == 0, outcome.err


def test_the_top_help_and_version(tilevm: Folder) -> None:
    helped = tilevm("--help")
    assert helped.status == 0
    for command in COMMANDS:
        assert re.search(rf"^    {command} ", helped.out, re.M)
    example = helped.out.partition("example:\n")[2].strip()
    assert tilevm(*shlex.split(example)[1:]).status == 0
    assert tilevm("--version").out == f"tilevm {api.__version__}\n"


# --- explain


@pytest.mark.parametrize("form", ["call", "for", "function", "if", "kernel", "return", "while"])
def test_forms_of_the_language_are_explained(tilevm: Folder, form: str) -> None:
    page = tilevm("explain", form).out
    head, _, rest = page.partition("\n\n")
    assert re.search(rf"\b{form}\b", head) and len(rest) > 60


def test_every_code_and_op_has_a_page(tilevm: Folder) -> None:
    for code, entry in CODES.items():
        page = tilevm("explain", code).out
        assert entry.title in page and entry.explanation in page
    for name, op in REGISTRY.items():
        page = tilevm("explain", name).out
        assert page.startswith(name) and op.law() in page
    assert tilevm("explain", "tv0203").out == tilevm("explain", "TV0203").out


def test_lists(tilevm: Folder) -> None:
    ops = tilevm("explain", "ops").out.splitlines()
    assert [line.split()[0] for line in ops] == sorted(REGISTRY)
    codes = tilevm("explain", "codes").out.splitlines()
    assert [line.split()[0] for line in codes] == list(CODES)


# --- when all else fails


def test_an_internal_error_is_short(tilevm: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    def bug(*_: object) -> None:
        raise KeyError("gone")

    monkeypatch.setattr(run, "deliver", bug)
    outcome = tilevm("run", *WORDS)
    assert outcome.status == 1 and "error[TV0901]" in outcome.err
    assert "KeyError: 'gone'" in outcome.err and "Traceback" not in outcome.err
    assert "tilevm run gemv.tile gemv -a w=w.npy -a x=x.npy" in outcome.err
    assert "Traceback" in tilevm("run", *WORDS, "--traceback").err


@pytest.mark.parametrize(
    ("raised", "status", "said"),
    [
        (KeyboardInterrupt(), 130, ""),
        (MemoryError(), 1, "error[TV0414]"),
        (OSError(28, "No space left on device", "y.npz"), 1, "error[TV0802]: cannot write y.npz"),
        (BrokenPipeError(), 141, ""),
    ],
)
def test_interruptions(
    tilevm: Folder,
    monkeypatch: pytest.MonkeyPatch,
    raised: BaseException,
    status: int,
    said: str,
) -> None:
    def stop(*_: object) -> None:
        raise raised

    monkeypatch.setattr(run, "deliver", stop)
    monkeypatch.setattr("tilevm.cli.entry._drop_output", lambda: None)
    outcome = tilevm("run", *WORDS, "-o", "y.npz")
    assert outcome.status == status and said in outcome.err and bool(said) == bool(outcome.err)
    assert not Path("y.npz").exists()


@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP"])
@pytest.mark.parametrize("ignored", [False, True], ids=["heard", "ignored"])
def test_a_request_to_end_leaves_no_half_a_file(
    tilevm: Folder, monkeypatch: pytest.MonkeyPatch, name: str, ignored: bool
) -> None:
    number = getattr(signal, name)

    def killed(*_: object) -> None:
        with whole_file("y.npz") as place:
            place.write_bytes(b"whole")
            os.kill(os.getpid(), number)

    monkeypatch.setattr(run, "deliver", killed)
    before = sorted(os.listdir())
    mine = signal.SIG_IGN if ignored else signal.SIG_DFL  # nohup: ignored
    outer = signal.signal(number, mine)
    try:
        status = tilevm("run", *WORDS, "-o", "y.npz").status
        assert signal.getsignal(number) == mine
    finally:
        signal.signal(number, outer)
    assert status == (0 if ignored else 128 + number)
    assert sorted(os.listdir()) == (sorted([*before, "y.npz"]) if ignored else before)


def test_what_takes_long_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    shown, end = "", time.monotonic() + 60
    with stage("counting", patience=0.0):
        while not shown.endswith("\n") and time.monotonic() < end:
            shown += capsys.readouterr().err
    assert shown == "tilevm: counting ...\n"
    assert re.fullmatch(r"tilevm: counting: \d+ s\n", capsys.readouterr().err)
    with stage("nothing"):
        pass
    assert capsys.readouterr().err == ""


# --- as a process


def process(*words: str, stdout: int = subprocess.PIPE) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "tilevm", *words]
    return subprocess.run(command, env=environment, text=True, stdout=stdout,
                          stderr=subprocess.PIPE, check=False)  # fmt: skip


def test_as_a_module(tilevm: Folder) -> None:
    done = process("run", *WORDS, "-o", "y.npy")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert np.load("y.npy", allow_pickle=False).shape == (16,)
    assert process("run", "none.tile", "f").returncode == 1
    assert process("runn").returncode == 2


def test_a_closed_pipe_is_quiet(tilevm: Folder) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    done = process("explain", "codes", stdout=writer)
    os.close(writer)
    assert (done.returncode, done.stderr) == (141, "")


@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-"])
def test_without_an_output_it_does_its_work(tilevm: Folder, closed: str) -> None:
    words = [sys.executable, "-m", "tilevm", "run", *WORDS, "-o", "y.npy"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    for more, status in (["--check"], 0), (["-a", "q=x.npy"], 1):
        line = f"{shlex.join([*words, *more])} {closed}"
        done = subprocess.run(line, shell=True, env=environment, capture_output=True, text=True,
                              check=False)  # fmt: skip
        assert done.returncode == status and "Traceback" not in done.stdout + done.stderr
    assert Path("y.npy").exists()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full on this system")
def test_a_full_output_is_told(tilevm: Folder) -> None:
    with open("/dev/full", "w") as full:
        done = process("explain", "codes", stdout=full.fileno())
    assert done.returncode == 1 and done.stderr.count("error[TV0802]") == 1
    assert "Traceback" not in done.stderr and "Exception" not in done.stderr


def test_the_help_loads_no_hardware() -> None:
    code = (
        "import sys, tilevm; before = set(sys.modules)\n"
        "from tilevm.cli import main; main(['--help'])\n"
        "heavy = {'hdl', 'amaranth', 'zipfile', 'subprocess'} & (set(sys.modules) - before)\n"
        "assert not heavy, heavy"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True,
                          check=False)  # fmt: skip
    assert done.returncode == 0, done.stderr
