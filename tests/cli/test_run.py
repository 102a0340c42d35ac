"""`tilevm run`: arrays in, arrays out."""

from __future__ import annotations

import os

import numpy as np
import pytest

from tests.cli.folder import WORDS, Folder, arrays, refused


def product() -> np.ndarray:
    w, x = arrays()
    return w @ x


def test_results_go_to_a_file_by_name(tilevm: Folder) -> None:
    outcome = tilevm("run", *WORDS, "-o", "out.npz")
    assert (outcome.status, outcome.out, outcome.err) == (0, "", "")
    with np.load("out.npz", allow_pickle=False) as results:
        assert list(results) == ["y"]
        assert results["y"].tolist() == product().tolist()


def test_one_result_goes_to_a_npy_file(tilevm: Folder) -> None:
    assert tilevm("run", *WORDS, "-o", "y.npy").status == 0
    assert np.load("y.npy", allow_pickle=False).tolist() == product().tolist()


def test_results_are_shown_in_short_without_a_file(tilevm: Folder) -> None:
    first = ", ".join(map(str, product()[:8]))
    assert tilevm("run", *WORDS).out == f"y: i32[16] = {first}, ... 8 more\n"


@pytest.mark.parametrize("w", ["data.npz", "data.npz:w", "./data.npz:w"])
def test_members_of_archives(tilevm: Folder, w: str) -> None:
    outcome = tilevm("run", "gemv.tile", "gemv", "-a", f"w={w}", "-a", "x=data.npz:x")
    assert outcome.status == 0 and outcome.out.startswith("y: i32[16] = ")


def test_the_only_member_needs_no_name(tilevm: Folder) -> None:
    np.savez_compressed("only.npz", other=arrays()[1])
    outcome = tilevm("run", "gemv.tile", "gemv", "-a", "w=w.npy", "-a", "x=only.npz")
    assert outcome.status == 0


def test_buffers_may_have_any_name(tilevm: Folder) -> None:
    program = "kernel f(x: global i8[4], file: global i8[4]) {\n  t: i8[4] = load x[0]\n"
    tilevm.write("f.tile", program + "  store t, file[0]\n}\n")
    np.save("four.npy", np.arange(4))
    assert tilevm("run", "f.tile", "f", "-a", "x=four.npy", "-o", "f.npz").status == 0
    with np.load("f.npz", allow_pickle=False) as results:
        assert results["file"].tolist() == [0, 1, 2, 3]


def test_fortran_order_and_floats(tilevm: Folder) -> None:
    np.save("w.npy", np.asfortranarray(arrays()[0].astype(np.int8)))
    assert tilevm("run", *WORDS).status == 0
    np.save("f.npy", np.array([0.5, -0.0, 2.0**100, np.inf]))
    outcome = tilevm("run", "scaled.tile", "scaled", "-a", "x=f.npy", "-o", "g.npy")
    assert outcome.status == 0, outcome.err
    assert np.load("g.npy", allow_pickle=False).tolist() == [1.0, 0.0, 2.0**101, np.inf]


def test_an_array_file_for_two_results_is_refused(tilevm: Folder) -> None:
    before = tilevm.files()
    refused(tilevm("run", "two.tile", "two", "-a", "x=x.npy", "-o", "y.npy"), 1, "TV0807")
    assert tilevm.files() == before
    assert tilevm("run", "two.tile", "two", "-a", "x=x.npy", "-o", "y.npz").status == 0


def test_an_output_keeps_its_permissions_and_its_links(tilevm: Folder) -> None:
    tilevm.write("y.npz", b"old")
    os.chmod("y.npz", 0o600)
    os.symlink("y.npz", "link.npz")
    assert tilevm("run", *WORDS, "-o", "link.npz").status == 0
    assert os.path.islink("link.npz") and os.stat("y.npz").st_mode & 0o777 == 0o600
    with np.load("y.npz", allow_pickle=False) as results:
        assert results["y"].shape == (16,)


@pytest.mark.parametrize(
    "place", ["none/out.npz", "w.npy/out.npz", "folder.npz", "x" * 300 + ".npz"]
)
def test_an_output_that_cannot_be_written_leaves_nothing(tilevm: Folder, place: str) -> None:
    os.mkdir("folder.npz")
    before = tilevm.files()
    refused(tilevm("run", *WORDS, "-o", place), 1, "TV0802")
    assert tilevm.files() == before


def test_a_failing_run_keeps_the_old_output(tilevm: Folder) -> None:
    tilevm.write("out.npz", b"old")
    np.save("x.npy", np.full(8, 128))
    before = tilevm.files()
    outcome = tilevm("run", *WORDS, "-o", "out.npz")
    refused(outcome, 1, "TV0401")
    assert "argument `x` holds 128 at index [0]" in outcome.err
    assert tilevm.files() == before


RACE = """\
kernel f(x: global i8[4], y: global i8[4])
{
  s = alloc_shared i8[4]
  t: i8[4] = load x[0]
  store t, s[0]
  u: i8[4] = load s[0]
  store u, y[0]
}
"""


def test_a_checked_run_finds_what_others_do_not(tilevm: Folder) -> None:
    tilevm.write("f.tile", RACE)
    np.save("four.npy", np.arange(4))
    words = ("run", "f.tile", "f", "-a", "x=four.npy")
    assert tilevm(*words).status == 0
    outcome = tilevm(*words, "--check")
    assert outcome.status == 1 and outcome.out == ""
    assert "error[TV0440]: `s[0]` is written, then read with no barrier between" in outcome.err


def test_a_checked_run_of_a_correct_kernel_gives_its_results(tilevm: Folder) -> None:
    assert tilevm("run", *WORDS, "--check").out == tilevm("run", *WORDS).out
