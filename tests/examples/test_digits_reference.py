"""The stored digits data and model, their NumPy reference, and parts of the training script."""

import importlib
import sys
import zipfile
from fractions import Fraction
from math import floor
from pathlib import Path

import numpy as np
import pytest

FOLDER = Path(__file__).resolve().parents[2] / "examples" / "digits"
SIZES = (64, 64, 48, 10)


@pytest.fixture(scope="module")
def folder_on_path():
    """The example is a folder of scripts: its files import each other by plain name."""
    sys.path.insert(0, str(FOLDER))
    yield
    sys.path.remove(str(FOLDER))
    for name in ("reference", "train"):
        sys.modules.pop(name, None)


@pytest.fixture(scope="module")
def reference(folder_on_path):
    return importlib.import_module("reference")


@pytest.fixture(scope="module")
def train(folder_on_path):
    return importlib.import_module("train")


def rows(model, n):
    """The weights, bias and multiplier of each row of layer `n`."""
    return zip(model[f"w{n}"], model[f"bias{n}"], model[f"mult{n}"], strict=True)


def layer_by_fractions(model, n, x):
    """One input vector through layer `n`, in Python integers and fractions."""
    outputs = []
    for weights, bias, mult in rows(model, n):
        total = sum(int(w) * int(v) for w, v in zip(weights, x, strict=True)) + int(bias)
        y = floor(Fraction(total * int(mult), 2 ** int(model[f"shift{n}"])) + Fraction(1, 2))
        outputs.append(y if n == 3 else min(max(y, 0), 127))
    return outputs


def test_data_has_the_documented_shapes_and_ranges(reference):
    digits = reference.data()
    assert (digits["images"].shape, digits["images"].dtype) == ((1797, 64), np.uint8)
    assert (digits["labels"].shape, digits["labels"].dtype) == ((1797,), np.uint8)
    assert (digits["images"].min(), digits["images"].max()) == (0, 16)
    assert set(digits["labels"]) == set(range(10))


def test_split_is_a_stratified_partition(reference):
    digits = reference.data()
    assert (len(digits["train"]), len(digits["test"])) == (1297, 500)
    assert sorted([*digits["train"], *digits["test"]]) == list(range(1797))
    share = np.bincount(digits["labels"]) * 500 / 1797
    assert np.all(np.abs(np.bincount(digits["labels"][digits["test"]]) - share) <= 1)


def test_data_is_the_published_set(reference):
    published = pytest.importorskip("sklearn.datasets").load_digits()
    assert np.array_equal(reference.data()["images"], published.data)
    assert np.array_equal(reference.data()["labels"], published.target)


@pytest.mark.parametrize("n", [1, 2, 3])
def test_model_has_the_documented_shapes_and_ranges(reference, n):
    model = reference.model()
    w, bias, mult, shift = (model[f"{name}{n}"] for name in ("w", "bias", "mult", "shift"))
    outputs, inputs = SIZES[n], SIZES[n - 1]
    assert (w.shape, w.dtype, w.min(), w.max()) == ((outputs, inputs), np.int8, -4, 3)
    assert (bias.shape, bias.dtype) == ((outputs,), np.int32)
    assert (mult.shape, mult.dtype) == ((outputs,), np.uint16)
    assert (shift.shape, shift.dtype) == ((), np.int64)
    assert mult.min() >= 1
    assert 2**14 <= mult.max() < 2**15
    assert 1 <= shift < 31
    assert (model[f"fw{n}"].shape, model[f"fw{n}"].dtype) == ((outputs, inputs), np.float32)
    assert (model[f"fb{n}"].shape, model[f"fb{n}"].dtype) == ((outputs,), np.float32)


@pytest.mark.parametrize("n", [1, 2, 3])
def test_no_i8_input_can_overflow(reference, n):
    """The largest t, and product with rounding added, that any x can cause: in i32."""
    model = reference.model()
    for weights, bias, mult in rows(model, n):
        total = 128 * sum(abs(int(w)) for w in weights) + abs(int(bias))
        assert total < 2**31
        assert total * int(mult) + 2 ** (int(model[f"shift{n}"]) - 1) < 2**31


def test_accuracies(reference):
    images, labels = reference.test_set()
    quantised = reference.accuracy(reference.quantised_logits(images), labels)
    unquantised = reference.accuracy(reference.float_logits(images), labels)
    assert quantised >= 0.96
    assert unquantised >= 0.97
    assert abs(quantised - unquantised) <= 0.02


def test_readme_states_the_measured_accuracies(reference):
    images, labels = reference.test_set()
    readme = (FOLDER / "README.md").read_text()
    for name, logits in (
        ("float", reference.float_logits(images)),
        ("quantised, integers only", reference.quantised_logits(images)),
    ):
        assert f"| {name} | {100 * reference.accuracy(logits, labels):.1f} % |" in readme


def test_encode_is_exact_and_loses_nothing(reference):
    codes = reference.encode(np.arange(17, dtype=np.uint8))
    assert codes.dtype == np.int8
    assert codes.tolist() == list(range(-64, 65, 8))


def test_layers_equal_exact_fractions(reference):
    images, _ = reference.test_set()
    x = reference.encode(images[:6])
    for n in (1, 2, 3):
        y = reference.layer(n, x)
        assert y.tolist() == [layer_by_fractions(reference.model(), n, row) for row in x]
        x = y
    assert np.array_equal(x, reference.quantised_logits(images[:6]))


@pytest.mark.parametrize("n", [1, 2, 3])
def test_layers_equal_exact_fractions_on_any_i8(reference, n):
    seed = 10 + n
    x = np.random.default_rng(seed).integers(-128, 128, (4, SIZES[n - 1]), dtype=np.int8)
    expected = [layer_by_fractions(reference.model(), n, row) for row in x]
    assert reference.layer(n, x).tolist() == expected, f"seed {seed}"


def test_layer_takes_any_leading_axes(reference):
    images, _ = reference.test_set()
    x = reference.encode(images[:6])
    y = reference.layer(1, x)
    assert np.array_equal(reference.layer(1, x.reshape(2, 3, 64)), y.reshape(2, 3, 64))
    assert np.array_equal(reference.layer(1, x[0]), y[0])


@pytest.mark.parametrize("name", ["digits.npz", "model.npz"])
def test_files_are_small_and_carry_no_time_of_day(name):
    assert (FOLDER / name).stat().st_size < 300_000
    with zipfile.ZipFile(FOLDER / name) as archive:
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_write_npz_gives_equal_bytes_and_reads_back(train, tmp_path):
    small = np.arange(6, dtype=np.int8).reshape(2, 3)
    arrays = {"small": small, "transposed": small.T, "scalar": np.array(18)}
    train.write_npz(tmp_path / "one.npz", arrays)
    train.write_npz(tmp_path / "two.npz", arrays)
    assert (tmp_path / "one.npz").read_bytes() == (tmp_path / "two.npz").read_bytes()
    with np.load(tmp_path / "one.npz", allow_pickle=False) as back:
        assert list(back) == list(arrays)
        for name, array in arrays.items():
            assert (back[name].dtype, back[name].shape) == (array.dtype, array.shape)
            assert np.array_equal(back[name], array)


def test_gradients_equal_finite_differences(train):
    seed = 5
    rng = np.random.default_rng(seed)
    weights = [rng.normal(size=(5, 4)), rng.normal(size=(3, 5))]
    network = train.Network(weights, [rng.normal(size=5), rng.normal(size=3)])
    x, labels = rng.normal(size=(7, 4)), rng.integers(0, 3, 7)

    def loss():
        target = np.eye(3)[labels] * (1 - train.LABEL_SMOOTHING) + train.LABEL_SMOOTHING / 3
        return -np.mean(np.sum(target * np.log(train.softmax(network.forward(x)[1][-1])), axis=1))

    for parameter, gradient in zip(network.parameters, network.gradients(x, labels), strict=True):
        for index in np.ndindex(parameter.shape):
            kept, ends = parameter[index], []
            for change in (1e-5, -1e-5):
                parameter[index] = kept + change
                ends.append(loss())
            parameter[index] = kept
            slope = (ends[0] - ends[1]) / 2e-5
            assert slope == pytest.approx(gradient[index], abs=1e-8), f"seed {seed}, at {index}"


def test_exported_integers_follow_the_network_they_came_from(train, reference, monkeypatch):
    seed = 6
    rng = np.random.default_rng(seed)
    network = train.initial(rng)
    network.tops = [4.0, 6.0]
    network.biases = [rng.normal(size=bias.shape) for bias in network.biases]
    arrays = train.export(network)
    monkeypatch.setattr(reference, "model", lambda: arrays)
    for n, bias in enumerate(network.biases):
        x = rng.integers(0, 128, (50, SIZES[n]))
        sums = x * network.input_step(n) @ network.effective_weights(n).T + bias
        unit = 1 / reference.LOGIT_ONE if n == 2 else network.input_step(n + 1)
        expected = np.floor(sums / unit + 0.5)
        if n < 2:
            expected = np.clip(expected, 0, 127)
        # One unit from the rounding of the bias, and half a unit of the multiplier.
        assert arrays[f"mult{n + 1}"].min() >= 2**11
        allowed = 1 + np.abs(expected) / 2**12
        wrong = np.abs(reference.layer(n + 1, x) - expected) > allowed
        assert not wrong.any(), f"seed {seed}, layer {n + 1}, at {np.argwhere(wrong)[0]}"


@pytest.mark.parametrize("nudge", [-1e-3, -1e-6, -1e-12, 0.0, 1e-12, 1e-6, 1e-3])
@pytest.mark.parametrize("power", [-3, 0, 2])
def test_largest_multiplier_has_15_bits_also_near_powers_of_two(train, nudge, power):
    ratio = 2.0**power * (1 + nudge)
    weight = ratio / (train.STEP_PER_RMS / train.INPUT_ONE * train.LOGIT_ONE)
    arrays = train.export(train.Network([np.full((1, 4), weight)], [np.zeros(1)], []))
    assert 2**14 <= arrays["mult1"][0] < 2**15
    assert arrays["mult1"][0] / 2.0 ** int(arrays["shift1"]) == pytest.approx(ratio, rel=2**-14)
