"""Arguments of a launch: everything that is wrong is said, with the name of the argument."""

import gc
from typing import Any

import numpy as np
import pytest

import tilevm
from tilevm import TileError
from tilevm.vm import bind, bind_symbols, execute
from tilevm.vm.memo import Memo

TEXT = """
kernel f(x: global i4[N, K], y: global i8[N], z: global f16[N])
  where N % 4 == 0, K > 1
  grid (n = N / 4)
{
  a: i4[4, 2] = load x[n * 4, 0]
  h: f16[4] = load z[n * 4]
  s = sum a {dims = [1], acc = i8}
  store s, y[n * 4]
}
kernel sized(x: global i8[N * 2], y: global i8[N])
  grid (n = N)
{
  a: i8[1] = load x[n]
  store a, y[n]
}
kernel huge(y: global i8[N, N])
{
  a = full i8[1, 1] {value = 0}
  store a, y[0, 0]
}
kernel tiles(y: global i8[N])
{
  a = full i8[1048576, 1048576, 64] {value = 1}
  b = add a, a
  s = sum b {dims = [0, 1], acc = i8}
}
"""
PROGRAM = tilevm.parse(TEXT)
X = np.ones((8, 2), np.int8)
Z = np.ones(8)


def refused(kernel: str, **arguments: Any) -> tuple[list[str], str]:
    """The codes, and the whole message."""
    with pytest.raises(TileError) as caught:
        tilevm.run(PROGRAM[kernel], arguments)
    return [each.code for each in caught.value.diagnostics], str(caught.value)


@pytest.mark.parametrize(
    ("changes", "code", "says"),
    [
        ({"x": None}, "TV0410", "argument `x`"),
        ({"w": X}, "TV0411", "no argument `w`"),
        ({"xx": X}, "TV0411", "did you mean `x`"),
        ({"x": X[0]}, "TV0412", "1 dimensions, not 2"),
        ({"z": Z[:4]}, "TV0412", "both 8 and 4"),
        ({"N": 12}, "TV0412", "both"),
        ({"N": "8"}, "TV0412", "whole number"),
        ({"N": True}, "TV0412", "whole number"),
        ({"N": 10**30}, "TV0412", "64 bits"),
        ({"N": -4}, "TV0412", "must be positive"),
        ({"x": X[:7], "z": Z[:7]}, "TV0413", "N % 4 == 0"),
        ({"x": X[:, :1]}, "TV0413", "K > 1"),
        ({"x": X[:0], "z": Z[:0]}, "TV0412", "extent 0"),
        ({"x": X.astype(float)}, "TV0402", "`x`"),
        ({"x": np.where(X, np.nan, 1)}, "TV0402", "nan at index [0, 0]"),
        ({"x": X * 8}, "TV0401", "holds 8 at index [0, 0]"),
        ({"x": X.astype(object)}, "TV0402", "object"),
        ({"x": X.astype(str)}, "TV0402", "`x`"),
        ({"x": X.astype(complex)}, "TV0402", "complex"),
        ({"x": [[1, 2], [3]]}, "TV0402", "`x`"),
        ({"x": "text"}, "TV0402", "`x`"),
        ({"x": {}}, "TV0402", "`x`"),
        ({"x": [[10**30] * 2] * 8}, "TV0402", "`x`"),
        ({"z": Z * 0.1}, "TV0401", "cannot hold exactly"),
        ({"z": Z * 1e6}, "TV0401", "`z`"),
        ({"y": np.zeros(4, np.int8)}, "TV0412", "both 8 and 4"),
    ],
)
def test_wrong_arguments(changes: dict[str, Any], code: str, says: str) -> None:
    arguments = {k: v for k, v in {"x": X, "z": Z, **changes}.items() if v is not None}
    codes, text = refused("f", **arguments)
    assert code in codes and says in text


@pytest.mark.parametrize(
    ("changes", "places"),
    [
        ({"x": X.astype(float)}, ["x"]),
        ({"x": X * 8}, ["x"]),
        ({"x": [[1, 2], [3]]}, ["x"]),
        ({"x": "text"}, ["x"]),
        ({"z": Z * 0.1}, ["z"]),
        ({"x": X[0]}, ["x"]),
        ({"y": np.zeros(4, np.int8)}, ["N 4 here", "N 8 here"]),
        ({"N": 12}, ["N 8 here"]),
        ({"N": "8"}, ["N"]),
        ({"N": -4}, ["N"]),
        ({"w": X}, ["f"]),
    ],
)
def test_what_is_wrong_is_shown_in_the_kernels_head(
    changes: dict[str, Any], places: list[str]
) -> None:
    with pytest.raises(TileError) as caught:
        tilevm.run(PROGRAM["f"], {"x": X, "z": Z, **changes})
    found = caught.value.diagnostics[0]
    shown = [f"{at.span.text} {at.message}".strip() for at in found.labels]
    assert [text if "here" in text else text.split()[0] for text in shown] == places
    assert {at.span.line for at in found.labels} == {2}


def test_what_is_no_kernel_is_not_launched() -> None:
    for wrong in ("f", None, 3):
        with pytest.raises(TileError, match="a kernel is launched, not"):
            tilevm.run(wrong, x=X)  # type: ignore[arg-type]


def test_an_output_that_is_not_all_written_is_told_how_to_begin_with_zeros() -> None:
    text = "kernel f(y: global T[2, 4]) {\n  a = full T[4] {value = 0}\n  store a, y[0, 0]\n}"
    for kind, zeros in (("i3", "[2, 4], int"), ("f16", "[2, 4]")):
        kernel = tilevm.parse(text.replace("T[", f"{kind}["))["f"]
        with pytest.raises(TileError) as caught:
            tilevm.run(kernel)
        wanted = f"store to all of it, or pass initial values: `y=numpy.zeros({zeros})`"
        assert caught.value.diagnostics[0].help == wanted
        whole = np.zeros([2, 4], int) if "int" in zeros else np.zeros([2, 4])
        assert tilevm.run(kernel, y=whole)["y"].shape == (2, 4)


def test_a_name_that_is_no_text_is_no_argument() -> None:
    with pytest.raises(TileError, match=r"TV0411.*no argument `3`"):
        tilevm.run(PROGRAM["f"], {"x": X, "z": Z, 3: X})


def test_all_wrong_arguments_are_told_at_once() -> None:
    codes, _ = refused("f", x=X * 8, z=Z * 0.1)
    assert codes == ["TV0401", "TV0401"]


def test_a_symbol_that_follows_from_no_array_is_asked_for() -> None:
    codes, text = refused("sized", x=np.zeros(8, np.int8))
    assert codes == ["TV0410"] and "pass `N=` a number" in text
    found = tilevm.run(PROGRAM["sized"], x=np.arange(8, dtype=np.int8), N=4)
    assert found["y"].tolist() == [0, 1, 2, 3]
    codes, _ = refused("sized", x=np.zeros(8, np.int8), N=3)
    assert codes == ["TV0412"]
    codes, _ = refused("sized", N=2**62)
    assert codes in (["TV0410"], ["TV0415"])


def test_memory_is_checked_before_the_run() -> None:
    codes, text = refused("huge", N=2**31)
    assert codes == ["TV0414"] and "for its buffers" in text and "this is the largest" in text
    codes, text = refused("tiles", N=4)
    assert codes == ["TV0414"] and "for the tiles" in text and "this is the largest" in text


def test_inputs_never_change_and_results_are_not_aliases() -> None:
    text = "kernel f(x: global i8[4], y: global i8[4]) {\n  a: i8[4] = load x[0]\n"
    kernel = tilevm.parse(text + "  store a, y[0]\n  b = neg a\n  store b, y[0]\n}")["f"]
    x, y = np.arange(4, dtype=np.int8), np.zeros(4, np.int8)
    found = tilevm.run(kernel, x=x, y=y)["y"]
    assert found.tolist() == [0, -1, -2, -3]
    assert x.tolist() == [0, 1, 2, 3] and y.tolist() == [0] * 4
    found[:] = 9
    assert x.tolist() == [0, 1, 2, 3] and y.tolist() == [0] * 4


def test_a_launch_runs_again_with_the_same_result() -> None:
    text = "kernel f(y: global i8[4]) {\n  a: i8[4] = load y[0]\n  b = add a, a\n  store b, y[0]\n}"
    launch = bind(tilevm.parse(text)["f"], {"y": [1, 2, 3, 4]})
    for _ in range(2):
        assert execute(launch)["y"].tolist() == [2, 4, 6, 8]


def test_any_integer_array_is_taken() -> None:
    for kind in ("int8", "uint8", "int64", "uint64", "bool", ">i4"):
        found = tilevm.run(PROGRAM["f"], x=X.astype(kind)[::-1], z=Z.astype(np.float32))
        assert found["y"].tolist() == [2] * 8
    assert tilevm.run(PROGRAM["f"], x=np.asfortranarray(X), z=Z)["y"].tolist() == [2] * 8


def test_any_strides_are_taken() -> None:
    kernel = tilevm.parse(
        "kernel f(x: global i8[4], y: global i8[4]) {\n  a: i8[4] = load x[0]\n  store a, y[0]\n}"
    )["f"]
    base = np.arange(8, dtype=np.int8)  # in the carrier's type: nothing else copies it
    columns = base.reshape(4, 2)
    once = np.broadcast_to(base[3:4], 4)
    unaligned = np.frombuffer(b"\0" + bytes(range(4)), np.int8, offset=1)
    for x in (base[::2], base[3::-1], columns[:, 1], once, unaligned):
        assert tilevm.run(kernel, x=x)["y"].tolist() == x.tolist()
    assert base.tolist() == list(range(8))


def test_lists_of_large_integers_stay_exact() -> None:
    text = """kernel f(x: global u64[2], y: global u64[2]) {
  a: u64[2] = load x[0]
  store a, y[0]
}"""
    found = tilevm.run(tilevm.parse(text)["f"], x=[2**64 - 1, 1])  # float64 for np.asarray
    assert found["y"].tolist() == [2**64 - 1, 1]
    with pytest.raises(TileError, match=r"`x` holds 9223372036854775808 at index \[0\]"):
        tilevm.run(tilevm.parse(text.replace("u64", "i64"))["f"], x=[2**63, 1])


def test_a_whole_program_is_not_launched() -> None:
    with pytest.raises(TileError, match=r'take program\["f"\], program\["sized"\]'):
        tilevm.run(PROGRAM, x=X)  # type: ignore[arg-type]


def test_sizes_alone_bind_a_launch() -> None:
    launch = bind_symbols(PROGRAM["f"], {"N": 8, "K": 2})
    assert (launch.grid, launch.extents["x"]) == ((2,), (8, 2))
    with pytest.raises(TileError, match="no shape symbol `M`"):
        bind_symbols(PROGRAM["f"], {"N": 8, "M": 2})
    with pytest.raises(TileError, match="follows from no argument") as caught:
        bind_symbols(PROGRAM["f"], {"N": 8})
    (place,) = caught.value.diagnostics[0].labels
    assert (place.span.line, place.span.text) == (2, "K")


@pytest.mark.parametrize(
    ("where", "help"),
    [
        ("B == (N + 15) / 16", "pass `B=3`, as `where B == (N + 15) / 16` asks"),
        ("N > 1, N - 30 == B", "pass `B=7`, as `where N - 30 == B` asks"),
        ("N - 40 == B", "pass `B=` a number"),
        ("B * 2 == N", "pass `B=` a number"),
        ("B >= N", "pass `B=` a number"),
    ],
)
def test_a_size_that_where_tells_is_named(where: str, help: str) -> None:
    text = f"kernel f(x: global i8[N], y: global i32[B]) where {where} {{\n}}\n"
    with pytest.raises(TileError) as caught:
        tilevm.run(tilevm.parse(text)["f"], x=np.zeros(37, np.int8))
    assert caught.value.diagnostics[0].help == help


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("t: i8[4] = load x[9223372036854775807]", "TV0403"),
        ("t: i8[4] = load x[9223372036854775807] {oob = zero}", ""),
        ("t: i8[4] = load x[-9223372036854775808] {oob = zero}", ""),
        ("t: i8[4] = load x[18446744073709551615]", "TV0415"),
        ("t: i8[4] = load x[n * 9223372036854775807 * 2] {oob = zero}", "TV0415"),
        ("t: i8[4] = load x[(n + 1) * 9223372036854775807 + 5] {oob = zero}", "TV0415"),
        ("t: i8[4] = load x[n * 4000000000000000000] {oob = zero}", ""),
        ("t = iota i8[4] {start = 18446744073709551615}", "TV0415"),
        ("t: i8[4] = load x[4 / (n - 1)] {oob = zero}", "TV0404"),
        ("t: i8[4] = load x[4 % (n - n)] {oob = zero}", "TV0404"),
        ("for k in -9223372036854775808 .. 9223372036854775807 {\n  }", "TV0415"),
        ("for k in 0 .. 4 step n {\n  }", "TV0215"),
        ("for k in 0 .. 4 step n - 1 {\n  }", "TV0215"),
        ("for k in 4 .. n {\n  }", ""),
        ("if 1 / n == 0 {\n  }", "TV0404"),
    ],
)
def test_index_arithmetic_at_its_ends(line: str, code: str) -> None:
    text = f"kernel f(x: global i8[8])\n  grid (n = 2)\n{{\n  {line}\n}}"
    kernel = tilevm.parse(text)["f"]
    for chunk in (1, 1 << 20):
        if not code:
            tilevm.run(kernel, x=np.zeros(8, np.int8), chunk_bytes=chunk)
            continue
        with pytest.raises(TileError) as caught:
            tilevm.run(kernel, x=np.zeros(8, np.int8), chunk_bytes=chunk)
        found = caught.value.diagnostics[0]
        assert found.code == code and found.labels[0].span.line == 4


def test_a_grid_beyond_64_bits_is_refused() -> None:
    grid = ", ".join(f"n{i} = 4000000000" for i in range(3))
    kernel = tilevm.parse(f"kernel f(x: global i8[8])\n  grid ({grid})\n{{\n}}")["f"]
    with pytest.raises(TileError, match="thread blocks"):
        tilevm.run(kernel, x=np.zeros(8, np.int8))


def test_a_second_launch_of_the_same_shapes_checks_its_data() -> None:
    kernel = tilevm.parse(
        "kernel f(x: global i4[N], y: global i4[N])\n  grid (n = N)\n"
        "{\n  t: i4[1] = load x[n]\n  store t, y[n]\n}\n"
    )["f"]
    for values in ([1, 2, 3], [7, -8, 0]):
        assert tilevm.run(kernel, x=np.array(values))["y"].tolist() == values
    with pytest.raises(TileError) as wrong:
        tilevm.run(kernel, x=np.array([1, 8, 3]))
    assert wrong.value.diagnostics[0].code == "TV0401"
    assert "argument `x` holds 8 at index [1]" in str(wrong.value)
    assert tilevm.run(kernel, x=np.array([1, 2]))["y"].tolist() == [1, 2]


def test_the_memo_forgets_with_its_owner() -> None:
    class Owner:
        pass

    memo: Memo[int] = Memo()
    one, other = Owner(), Owner()
    memo.keep(one, 1)
    assert memo.get(one) == 1 and memo.get(other) is None
    del one
    gc.collect()
    assert not memo._known
