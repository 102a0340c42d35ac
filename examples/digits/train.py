"""Train the digits classifier and write digits.npz and model.npz beside this file.

    python examples/digits/train.py              train on 1,297 images, report on 500 others
    python examples/digits/train.py --validate   report on 297 of the 1,297, write nothing

The settings below were settled with --validate, before the first look at the test images. Needs
NumPy, and scikit-learn for the data. The same versions on the same kind of processor give the same
bytes.

1. A float network is trained with Adam.
2. A copy of it is trained further with weights rounded to 3 bits, one scale per row, and
   activations to 8 bits. Gradients pass through the rounding as if it were not there (the
   straight-through estimator, Bengio et al. 2013, arXiv:1308.3432).
3. Its scales become integer multipliers and one shift per layer (after Jacob et al. 2018,
   arXiv:1712.05877), so inference needs no floats; see reference.py.
"""

import argparse
import copy
import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import reference
from numpy.typing import NDArray
from reference import ACTIVATION_MAX, FOLDER, INPUT_ONE, LOGIT_ONE

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

SIZES = (64, 64, 48, 10)
SEED = 2024
TEST_IMAGES = 500
VALIDATION_IMAGES = 297
BATCH = 32
FLOAT_EPOCHS, FLOAT_RATE = 150, 2e-3
QUANTISED_EPOCHS, QUANTISED_RATE = 300, 1e-3
WEIGHT_DECAY = 1e-2
LABEL_SMOOTHING = 0.1

WEIGHT_MIN, WEIGHT_MAX = -4, 3
STEP_PER_RMS = 0.6
"""Weight step over a row's root mean square; 0.586 is best for a Gaussian (Max 1960)."""
MULT_BITS = 15


@dataclass
class Network:
    """Weights [N, K] and biases [N] per layer.

    `tops` holds the largest activation of each hidden layer; None means no quantisation.
    """

    weights: list[Floats]
    biases: list[Floats]
    tops: list[float] | None = None

    @property
    def parameters(self) -> list[Floats]:
        return [*self.weights, *self.biases]

    def quantised_weights(self, n: int) -> tuple[Integers, Floats]:
        """Layer `n` (from 0) as codes [N, K] in -4..3 and the step of each row [N, 1]."""
        w = self.weights[n]
        step = STEP_PER_RMS * np.sqrt(np.mean(w * w, axis=1, keepdims=True))
        return np.clip(np.rint(w / step), WEIGHT_MIN, WEIGHT_MAX).astype(np.int64), step

    def input_step(self, n: int) -> float:
        """The real value of one unit of the integer input of layer `n` (from 0)."""
        assert self.tops is not None
        return 1 / INPUT_ONE if n == 0 else self.tops[n - 1] / ACTIVATION_MAX

    def effective_weights(self, n: int) -> Floats:
        if self.tops is None:
            return self.weights[n]
        codes, step = self.quantised_weights(n)
        return codes * step

    def forward(self, x: Floats) -> tuple[list[Floats], list[Floats]]:
        """The input [M, K] of every layer, and its sums [M, N] before activation (last: logits)."""
        inputs, sums = [x], []
        for n, bias in enumerate(self.biases):
            sums.append(inputs[-1] @ self.effective_weights(n).T + bias)
            if n + 1 < len(self.biases):
                inputs.append(self.activate(n, sums[-1]))
        return inputs, sums

    def activate(self, n: int, sums: Floats) -> Floats:
        if self.tops is None:
            return np.maximum(sums, 0.0)
        step = self.input_step(n + 1)
        return step * np.clip(np.floor(sums / step + 0.5), 0, ACTIVATION_MAX)

    def gradients(self, x: Floats, labels: Integers) -> list[Floats]:
        """Of the mean smoothed cross-entropy, ordered as `parameters`; rounding has slope 1."""
        inputs, sums = self.forward(x)
        classes = sums[-1].shape[1]
        target = np.eye(classes)[labels] * (1 - LABEL_SMOOTHING) + LABEL_SMOOTHING / classes
        delta = (softmax(sums[-1]) - target) / len(x)
        weights: list[Floats] = []
        biases: list[Floats] = []
        for n in reversed(range(len(self.weights))):
            weights.insert(0, delta.T @ inputs[n])
            biases.insert(0, delta.sum(axis=0))
            if n > 0:
                top = np.inf if self.tops is None else self.tops[n - 1]
                passes = (sums[n - 1] > 0) & (sums[n - 1] < top)
                delta = (delta @ self.effective_weights(n)) * passes
        return [*weights, *biases]


def softmax(logits: Floats) -> Floats:
    powers: Floats = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares: Floats = powers / powers.sum(axis=1, keepdims=True)
    return shares


def initial(rng: np.random.Generator) -> Network:
    """He initialisation: variance 2 / K."""
    shapes = list(zip(SIZES[1:], SIZES[:-1], strict=True))
    weights = [rng.normal(0.0, np.sqrt(2 / k), (n, k)) for n, k in shapes]
    return Network(weights, [np.zeros(n) for n, _ in shapes])


def train(
    network: Network,
    x: Floats,
    labels: Integers,
    epochs: int,
    rate: float,
    rng: np.random.Generator,
) -> None:
    """Change `network` in place by Adam with decoupled weight decay and a cosine-shaped rate."""
    first = [np.zeros_like(p) for p in network.parameters]
    second = [np.zeros_like(p) for p in network.parameters]
    batches = len(x) // BATCH
    for step in range(epochs * batches):
        if step % batches == 0:
            order = rng.permutation(len(x))
        chosen = order[step % batches * BATCH :][:BATCH]
        now = rate * 0.5 * (1 + np.cos(np.pi * step / (epochs * batches)))
        gradients = network.gradients(x[chosen], labels[chosen])
        for p, g, m, v in zip(network.parameters, gradients, first, second, strict=True):
            m += 0.1 * (g - m)
            v += 0.001 * (g * g - v)
            mean, variance = m / (1 - 0.9 ** (step + 1)), v / (1 - 0.999 ** (step + 1))
            p -= now * (mean / (np.sqrt(variance) + 1e-8) + WEIGHT_DECAY * p)


def export(network: Network) -> dict[str, NDArray[np.generic]]:
    """The arrays `w`, `bias`, `mult`, `shift` of every layer, as reference.model() has them."""
    assert network.tops is not None
    arrays: dict[str, NDArray[np.generic]] = {}
    last = len(network.weights) - 1
    for n, bias in enumerate(network.biases):
        codes, step = network.quantised_weights(n)
        sum_step = step[:, 0] * network.input_step(n)
        ratio = sum_step * LOGIT_ONE if n == last else sum_step / network.input_step(n + 1)
        shift = MULT_BITS - int(np.ceil(np.log2(ratio.max())))
        # A largest ratio at a power of two, or rounding up to it, would need one bit more.
        if np.rint(ratio.max() * 2.0**shift) >= 1 << MULT_BITS:
            shift -= 1
        arrays[f"w{n + 1}"] = codes.astype(np.int8)
        arrays[f"bias{n + 1}"] = np.rint(bias / sum_step).astype(np.int32)
        arrays[f"mult{n + 1}"] = np.rint(ratio * 2.0**shift).astype(np.uint16)
        arrays[f"shift{n + 1}"] = np.array(shift, np.int64)
    return arrays


def write_npz(path: Path, arrays: Mapping[str, NDArray[np.generic]]) -> None:
    """Like np.savez_compressed, but without the time of day: equal arrays give equal bytes."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, array in arrays.items():
            content = io.BytesIO()
            np.lib.format.write_array(content, np.asarray(array, order="C"), allow_pickle=False)
            entry = zipfile.ZipInfo(f"{name}.npy", date_time=(1980, 1, 1, 0, 0, 0))
            entry.create_system = 3  # the archive names the system that wrote it: always Unix
            archive.writestr(entry, content.getvalue(), zipfile.ZIP_DEFLATED, 9)


def split(images: Integers, labels: Integers) -> tuple[Integers, Integers]:
    """Indices of the training and the test images, both with the same shares of classes."""
    from sklearn.model_selection import train_test_split

    train_part, test_part = train_test_split(
        np.arange(len(images)), test_size=TEST_IMAGES, stratify=labels, random_state=SEED
    )
    return np.sort(train_part), np.sort(test_part)


def main() -> None:
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split
    from threadpoolctl import threadpool_limits

    parser = argparse.ArgumentParser(description="Train the digits classifier.")
    parser.add_argument("--validate", action="store_true", help="hold out training images")
    validate: bool = parser.parse_args().validate
    digits = load_digits()
    images, labels = digits.data.astype(np.uint8), digits.target.astype(np.int64)
    train_part, test_part = split(images, labels)
    seen, judged = train_part, test_part
    if validate:
        seen, judged = train_test_split(
            train_part, test_size=VALIDATION_IMAGES, stratify=labels[train_part], random_state=SEED
        )
    x = reference.encode(images) / INPUT_ONE

    rng = np.random.default_rng(SEED)
    with threadpool_limits(1):  # sums then have one order, so a rerun gives the same bits
        network = initial(rng)
        print(f"training the float network, {FLOAT_EPOCHS} epochs", flush=True)
        train(network, x[seen], labels[seen], FLOAT_EPOCHS, FLOAT_RATE, rng)
        inputs, _ = network.forward(x[seen])
        quantised = copy.deepcopy(network)
        print(f"training the quantised network, {QUANTISED_EPOCHS} epochs", flush=True)
        quantised.tops = [float(a.max()) for a in inputs[1:]]
        train(quantised, x[seen], labels[seen], QUANTISED_EPOCHS, QUANTISED_RATE, rng)

    part = "validation" if validate else "test"
    for name, net in (("float", network), ("quantised, before its scales are integers", quantised)):
        share = reference.accuracy(net.forward(x[judged])[1][-1], labels[judged])
        print(f"{name}: {100 * share:.2f} % of {len(judged)} {part} images")
    if validate:
        return
    arrays = export(quantised)
    for n, (w, b) in enumerate(zip(network.weights, network.biases, strict=True), 1):
        arrays |= {f"fw{n}": w.astype(np.float32), f"fb{n}": b.astype(np.float32)}
    write_npz(FOLDER / "model.npz", arrays)
    write_npz(
        FOLDER / "digits.npz",
        {
            "images": images,
            "labels": labels.astype(np.uint8),
            "train": train_part.astype(np.int64),
            "test": test_part.astype(np.int64),
        },
    )
    share = reference.accuracy(reference.quantised_logits(images[test_part]), labels[test_part])
    print(f"quantised, integers only: {100 * share:.2f} % of {len(test_part)} test images")


if __name__ == "__main__":
    main()
