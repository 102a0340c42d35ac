"""`tilevm opt`, and `--dump-ir` of every command that rewrites."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

import tilevm as api
from tests.cli.folder import WORDS, Folder, refused
from tilevm.passes import PASSES, canonicalise, rewrite_dot

SIZES = ("--set", "N=8", "--set", "K=8")


def test_the_program_after_the_passes(tilevm: Folder) -> None:
    outcome = tilevm(
        "opt", "gemv.tile", "-p", "rewrite_dot(form = bitserial)", "-p", "canonicalise"
    )
    program = api.load("gemv.tile")
    assert (outcome.status, outcome.err) == (0, "")
    assert outcome.out == str(canonicalise(rewrite_dot(program, form="bitserial")))
    assert tilevm("opt", "gemv.tile").out == str(program)
    assert tilevm("opt", "gemv.tile", "gemv").out == str(program["gemv"])


def test_written_to_a_file_for_given_sizes(tilevm: Folder) -> None:
    outcome = tilevm("opt", "gemv.tile", "gemv", "-p", "canonicalise", *SIZES, "-o", "out.tile")
    assert (outcome.status, outcome.out) == (0, "")
    kernel = api.load("gemv.tile")["gemv"]
    assert api.load("out.tile")["gemv"] == canonicalise(kernel, {"N": 8, "K": 8})


def test_every_step_is_dumped_in_order(tilevm: Folder) -> None:
    words = ("opt", "gemv.tile", "gemv", "-p", "rewrite_dot(group = 2), canonicalise", *SIZES)
    assert tilevm(*words, "--dump-ir", "steps").status == 0
    kernel = api.load("gemv.tile")["gemv"]
    found = sorted(path.name for path in Path("steps").glob("*.tile"))
    assert found == [
        "00-source.tile",
        "01-rewrite_dot-group-2.tile",
        "02-canonicalise-n-8-k-8.tile",
    ]
    texts = [Path("steps", name).read_text() for name in found]
    assert texts[0] == str(kernel) and texts[1] == str(rewrite_dot(kernel, group=2))
    shown = tilevm(*words, "--dump-ir").out
    parts = ["source", "rewrite_dot(group = 2)", "canonicalise(N = 8, K = 8)"]
    assert shown == "".join(
        f"# --- {name}\n{text}\n" for name, text in zip(parts, texts, strict=True)
    )


def test_run_build_sim_and_verify_dump_too(tilevm: Folder) -> None:
    assert tilevm("run", *WORDS, "-p", "rewrite_dot", "--dump-ir", "run", "-o", "y.npz").status == 0
    assert tilevm("run", *WORDS, "-o", "plain.npz").status == 0
    assert tilevm("sim", *WORDS, "--dot", "bitserial", "--dump-ir", "sim").status == 0
    assert tilevm("build", *WORDS[:2], *SIZES, "-o", "hw", "--dump-ir", "build").status == 0
    words = ("verify", *WORDS[:2], *SIZES, "--no-hardware", "--rounds", "1", "--dump-ir", "verify")
    assert tilevm(*words).status == 0
    names = {
        folder: sorted(path.name for path in Path(folder).glob("*.tile"))
        for folder in ("run", "sim", "build", "verify")
    }
    assert names["run"] == ["00-source.tile", "01-rewrite_dot.tile"]
    assert names["sim"][1] == "01-rewrite_dot-form-bitserial.tile" and len(names["sim"]) == 3
    assert names["build"][2].startswith("02-canonicalise-") and len(names["build"]) == 3
    assert len(names["verify"]) > 5
    results = [dict(np_load(name)) for name in ("y.npz", "plain.npz")]
    assert results[0].keys() == results[1].keys()
    assert all((results[0][name] == results[1][name]).all() for name in results[0])


def np_load(name: str) -> object:
    import numpy as np

    return np.load(name)


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        ("opt gemv.tile -p canonicalize", 1, "TV0510"),
        ("opt gemv.tile -p 'rewrite_dot(form = lutt)'", 1, "TV0501"),
        ("opt gemv.tile -p ''", 1, "TV0511"),
        ("opt gemv.tile gem -p canonicalise", 1, "TV0101"),
        ("run gemv.tile gemv -a w=w.npy -a x=x.npy -p cse", 1, "TV0510"),
        ("opt gemv.tile -p canonicalise --set M=3", 2, "there is no shape symbol `M`"),
        ("opt gemv.tile -p canonicalise --set N=0", 2, "`N` is a size from 1 up, not 0"),
        ("opt gemv.tile --set N=8", 2, "--set needs the pass `canonicalise`"),
        ("opt gemv.tile -p canonicalise -o none/out.tile", 1, "TV0802"),
        ("opt gemv.tile -p canonicalise --dump-ir gemv.tile", 1, "TV0802"),
        ("opt gemv.tile -p canonicalise --dump-ir .", 1, "TV0806"),
    ],
)
def test_what_is_wrong(tilevm: Folder, words: str, status: int, said: str) -> None:
    before = tilevm.files()
    outcome = tilevm(*shlex.split(words))
    if status == 1:
        refused(outcome, 1, said)
    else:
        assert outcome.status == 2 and said in outcome.err
    assert tilevm.files() == before


def test_passes_are_explained(tilevm: Folder) -> None:
    listed = tilevm("explain", "passes").out
    assert [line.split()[0] for line in listed.splitlines()] == list(PASSES)
    page = tilevm("explain", "rewrite_dot").out
    assert page.startswith("rewrite_dot(form = lut, group = 4, table = activations)\n")
    assert "Before (form = bitserial)::" in page
