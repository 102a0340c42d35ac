"""Encode and decode of floats: every code, and both sides of every rounding boundary."""

import ml_dtypes
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.dtypes import oracle
from tilevm.diagnostics import TileError
from tilevm.dtypes import FLOAT_OVERFLOWS, ROUNDINGS, FloatType, Trap, dtype

PEERS = {
    "e2m1fn": ml_dtypes.float4_e2m1fn,
    "e2m3fn": ml_dtypes.float6_e2m3fn,
    "e3m2fn": ml_dtypes.float6_e3m2fn,
    "e3m4": ml_dtypes.float8_e3m4,
    "e4m3": ml_dtypes.float8_e4m3,
    "e5m2": ml_dtypes.float8_e5m2,
    "e4m3fn": ml_dtypes.float8_e4m3fn,
    "e4m3fnuz": ml_dtypes.float8_e4m3fnuz,
    "e5m2fnuz": ml_dtypes.float8_e5m2fnuz,
    "e4m3b11fnuz": ml_dtypes.float8_e4m3b11fnuz,
    "e8m0fnu": ml_dtypes.float8_e8m0fnu,
    "bf16": ml_dtypes.bfloat16,
    "f16": np.float16,
}
SMALL = ["e2m1fn", "e3m2fn", "e2m1fnan", "e3m0fn", "e2m2", "e4m3fn", "e5m2", "e4m3fnuz", "e8m0fnu"]
rule_names = st.builds(
    "e{}m{}{}".format,
    st.integers(2, 5),
    st.integers(1, 5),
    st.sampled_from(["", "fn", "fnuz", "finite", "fnan", "b3", "b-2fnuz", "b20fn"]),
)


def floats(name: str) -> FloatType:
    t = dtype(name)
    assert isinstance(t, FloatType)
    return t


def codes_of(t: FloatType) -> npt.NDArray[np.uint64]:
    return np.arange(2**t.bits, dtype=np.uint64)


def boundaries(t: FloatType) -> npt.NDArray[np.float64]:
    """Every value, every midpoint, and their neighbours in float32; large and special values."""
    values = t.decode(codes_of(t))
    finite = np.unique(values[np.isfinite(values)])
    above = finite[-1] * 2 - finite[-2]
    edges = np.concatenate([finite, [above, 2 * above, 1e38, 1e-45]])
    edges = np.concatenate([edges, -edges, (edges[1:] + edges[:-1]) / 2])
    edges = edges[np.abs(edges) < 3.4e38].astype(np.float32)
    with np.errstate(over="ignore"):
        near = [np.nextafter(edges, np.float32(to)) for to in (np.inf, -np.inf)]
    special = np.array([0.0, -0.0, np.inf, -np.inf, np.nan], np.float32)
    probes = np.concatenate([edges, *near, special]).astype(np.float64)
    return probes if t.format.nan_code is not None else probes[~np.isnan(probes)]


@pytest.mark.parametrize("name", PEERS)
def test_every_code_has_the_value_that_ml_dtypes_gives(name: str) -> None:
    t = floats(name)
    stored = codes_of(t).astype(np.uint8 if t.bits <= 8 else np.uint16).view(PEERS[name])
    with np.errstate(invalid="ignore"):  # signalling NaN
        assert oracle.same(t.decode(codes_of(t)), stored.astype(np.float64))


@pytest.mark.parametrize("name", sorted(set(PEERS) - {"e8m0fnu"}))
def test_rounding_agrees_with_ml_dtypes_from_float32(name: str) -> None:
    t = floats(name)
    probes = boundaries(t)
    with np.errstate(all="ignore"):
        expected = probes.astype(np.float32).astype(PEERS[name]).astype(np.float64)
    assert oracle.same(t.quantise(probes), expected)
    assert oracle.same(t.decode(t.encode(probes)), expected)


@pytest.mark.parametrize("name", sorted(set(PEERS) - {"e8m0fnu"}))
@pytest.mark.parametrize("source", ["f16", "bf16"])
def test_every_number_of_16_bits_rounds_as_in_ml_dtypes(name: str, source: str) -> None:
    t, given = floats(name), floats(source)
    values = given.decode(codes_of(given))
    known = values if t.format.nan_code is not None else values[~np.isnan(values)]
    with np.errstate(all="ignore"):
        expected = known.astype(np.float32).astype(PEERS[name]).astype(np.float64)
    assert oracle.same(given.cast(known, t), expected)


@pytest.mark.parametrize("name", SMALL)
@pytest.mark.parametrize("rounding", ROUNDINGS)
def test_every_mode_finds_the_value_that_a_search_finds(name: str, rounding: str) -> None:
    t = floats(name)
    probes = boundaries(t)
    probes = probes[np.isfinite(probes) & (probes != 0)]
    if not t.signed:
        probes = probes[probes >= t.min]
    exact = [oracle.rounded(t.format, oracle.Fraction(x), rounding) for x in probes.tolist()]
    result = t.quantise(probes, rounding)
    same = (result == exact) | (np.isnan(result) & np.isnan(exact))
    assert same.all(), (probes[~same], result[~same])


@given(rule_names)
def test_any_rule_decodes_by_its_definition_and_encodes_back(name: str) -> None:
    t = floats(name)
    values = t.decode(codes_of(t))
    assert oracle.same(values, [oracle.decode(t.format, code) for code in range(2**t.bits)])
    known = ~np.isnan(values)
    assert np.array_equal(t.encode(values[known]), codes_of(t)[known])
    if t.format.nan_code is not None:
        assert set(t.encode(values[~known]).tolist()) == {t.format.nan_code}
    shortcut, by_codes = t.quantise(boundaries(t)), t.decode(t.encode(boundaries(t)))
    assert oracle.same(shortcut, by_codes)


@pytest.mark.parametrize(("name", "peer"), [("f32", np.float32), ("f64", np.float64)])
def test_wide_codes_are_those_of_the_hardware(name: str, peer: type) -> None:
    t = floats(name)
    rng = np.random.default_rng(5)
    stored = (
        rng.integers(0, 2**t.bits, 20_000, np.uint64, endpoint=False)
        if t.bits < 64
        else (rng.integers(0, 2**64 - 1, 20_000, np.uint64))
    )
    hardware = stored.astype(f"u{t.bits // 8}").view(peer)
    with np.errstate(invalid="ignore"):
        wide = hardware.astype(np.float64)
    assert oracle.same(t.decode(stored), wide)
    by_definition = [oracle.decode(t.format, code) for code in stored[:2000].tolist()]
    assert oracle.same(t.decode(stored[:2000]), by_definition)
    known = ~np.isnan(wide)
    assert np.array_equal(t.encode(wide[known]), stored[known])
    probes = rng.integers(0, 2**64 - 1, 20_000, np.uint64).view(np.float64)
    probes = np.concatenate(
        [probes, rng.standard_normal(9999) * 2.0 ** rng.integers(-150, 130, 9999)]
    )
    with np.errstate(all="ignore"):
        expected = probes.astype(peer).astype(np.float64)
    assert oracle.same(t.decode(t.encode(probes)), expected)
    assert oracle.same(t.quantise(probes), expected)


def test_overflow_modes() -> None:
    half, byte, four = floats("f16"), floats("e4m3fn"), floats("e2m1fn")
    large = np.array([1e9, -1e9, np.inf])
    assert oracle.same(half.quantise(large), [np.inf, -np.inf, np.inf])
    assert oracle.same(half.quantise(large, overflow="sat"), [65504.0, -65504.0, 65504.0])
    assert oracle.same(half.quantise(large, "toward_zero"), [65504.0, -65504.0, np.inf])
    assert oracle.same(half.quantise(large, "up"), [np.inf, -65504.0, np.inf])
    assert oracle.same(byte.quantise(large), [np.nan] * 3)
    assert oracle.same(byte.quantise(large, overflow="sat"), [448.0, -448.0, 448.0])
    assert oracle.same(four.quantise(large), [6.0, -6.0, 6.0])
    for t in (half, byte, four):
        with pytest.raises(Trap, match="overflows") as caught:
            t.quantise(np.array([1.0, -1e9]), overflow="trap")
        assert caught.value.index == (1,)
    assert half.quantise(np.inf, overflow="trap") == np.inf
    with pytest.raises(TileError, match="overflow of e4m3fn must be one of nan, sat, trap"):
        byte.quantise(large, overflow="inf")
    assert "inf" in FLOAT_OVERFLOWS


def test_a_format_without_nan_traps_on_it_or_takes_zero() -> None:
    t = floats("e2m1fn")
    with pytest.raises(Trap, match="NaN has no code in e2m1fn") as caught:
        t.encode([1.0, np.nan])
    assert caught.value.index == (1,)
    assert oracle.same(t.quantise([np.nan], nan="zero"), [0.0])


def test_unsigned_powers_of_two_have_no_zero_and_no_sign() -> None:
    t = floats("e8m0fnu")
    assert t.encode([0.0, 1e-300, 2.0**-127, 1.0, 3.0, 2.0**127]).tolist() == [
        0,
        0,
        0,
        127,
        128,
        254,
    ]
    assert t.encode([-1.0, np.inf, np.nan, 2.0**128]).tolist() == [255] * 4
    assert t.min == 2.0**-127


def test_user_data_must_be_exact() -> None:
    byte = floats("e4m3fn")
    taken = byte.coerce(np.array([1, -2, 448], np.int16))
    assert taken.dtype == np.float64 and taken.tolist() == [1.0, -2.0, 448.0]
    assert np.isnan(byte.coerce([np.nan]))[0]
    assert floats("f32").coerce(np.float32([0.1]))[0] == np.float32(0.1)
    assert floats("f64").coerce([2**62 + 2**40])[0] == 2**62 + 2**40
    assert floats("f16").coerce([np.inf])[0] == np.inf
    for t, bad, words in [
        (
            byte,
            [1.0, 1.01],
            "holds 1.01 at index [1], which e4m3fn cannot hold exactly: the nearest is 1.0",
        ),
        (byte, [449], "the nearest is 448.0"),
        (byte, [np.inf], "holds inf at index [0], which e4m3fn does not have"),
        (floats("e2m1fn"), [np.nan], "holds nan at index [0], which e2m1fn does not have"),
        (floats("f64"), [2**62 + 1], "cannot hold exactly"),
        (floats("f64"), np.array([2**64 - 1], np.uint64), "cannot hold exactly"),
        (floats("f64"), np.array([2**63 - 1], np.int64), "cannot hold exactly"),
        (floats("e8m0fnu"), [0.0], "does not have"),
        (floats("f16"), 1e-9, "argument `x` holds 1e-09, which"),
    ]:
        with pytest.raises(TileError) as caught:
            t.coerce(bad, "argument `x`")
        assert caught.value.diagnostics[0].code == "TV0401"
        assert words in str(caught.value)


@pytest.mark.parametrize("name", ["f64", "f32", "tf32", "bf16", "e4m3fnuz", "e2m1fn", "e8m0fnu"])
def test_random_values_are_finite_members_and_reach_the_extremes(name: str) -> None:
    t = floats(name)
    drawn = t.random(np.random.default_rng(11), (40, 50))
    assert drawn.shape == (40, 50) and np.isfinite(drawn).all()
    assert oracle.same(t.quantise(drawn), drawn)
    assert drawn.max() == t.max and drawn.min() == t.min
    assert t.format.smallest in np.abs(drawn)


@pytest.mark.parametrize("name", ["f16", "bf16", "tf32", "f32", "f64", "e4m3fn", "e8m10b126"])
@pytest.mark.parametrize("source", [np.float16, np.float32, np.float64])
def test_what_is_quick_to_see_is_right(name: str, source: type) -> None:
    """`holds` may say no to values of the type, but yes to nothing else; borders of every kind."""
    kind = floats(name)
    edges = [0.0, 1.0, kind.max, float(kind.format.smallest), 2.0**-126, 2.0**-133, 2.0**-149]
    edges += [65504.0, 2.0**-24, 3.0e38, np.inf, np.nan, 1 + 2.0**-7, 1 + 2.0**-10, 1 + 2.0**-23]
    with np.errstate(all="ignore"):
        values = np.array([*edges, *(-np.array(edges)), *(np.array(edges) * (1 + 2.0**-8))])
        values = values.astype(source)
    for value in values:
        one = np.array([value])
        held = kind.holds(one)
        try:
            same = bool((kind.coerce(one) == one).all())
        except TileError:
            same = False
        assert same or not held, value
        if kind.name in ("f16", "bf16", "tf32", "f32", "f64"):
            assert held == same, value


@pytest.mark.parametrize("name", ["i1", "u1", "i8", "u8", "i5", "u64", "i64"])
def test_which_integers_are_held(name: str) -> None:
    kind = dtype(name)
    assert not kind.holds(np.zeros(0, np.int16)) and not kind.holds(np.zeros(2))
    for value in (kind.min, kind.max, kind.min - 1, kind.max + 1):
        for carrier in (np.int8, np.uint8, np.int64, np.uint64):
            if np.iinfo(carrier).min <= value <= np.iinfo(carrier).max:
                inside = kind.min <= value <= kind.max
                assert kind.holds(np.array([value, 0], carrier)) == inside


def test_which_arrays_need_no_look() -> None:
    """Every number of `full` is a value of the type: only integers that fill bytes have one."""
    for width in range(1, 65):
        for sign in "iu":
            kind = dtype(f"{sign}{width}")
            fills = width in (8, 16, 32, 64)
            assert kind.full == (np.dtype(f"{sign}{width // 8}") if fills else None)
    for name in ("f16", "f64", "e8m0", "nf4", "fixed(i8, -2)"):
        assert dtype(name).full is None  # a NaN, or a number between two, must be looked for
