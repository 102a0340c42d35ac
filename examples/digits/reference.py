"""The digits classifier in plain NumPy: what every other way of running it must equal.

A perceptron with two hidden layers, 64 -> 64 -> 48 -> 10. Layer n (1, 2, 3) of the quantised one
is integers only, with K inputs and N outputs (rows of the weights):

    acc[r] = sum over k of w[r, k] * x[k]             w: i3, x: i8, acc: i32
    t[r]   = acc[r] + bias[r]                         i32
    p[r]   = t[r] * mult[r]                           mult: u15, p: i48 (the stored model: i32)
    y[r]   = (p[r] + (1 << (shift - 1))) >> shift     rounds to nearest, ties up
    hidden layers: clip(y, 0, 127), an i8 (the ReLU is the lower bound); last layer: y, an i32 logit

All rows of the last layer have one scale, so the class is the index of the largest logit.
"""

from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

LAYERS = (1, 2, 3)
PIXEL_MAX = 16
INPUT_ONE = 64
"""The integer that stands for 1.0 in the input of layer 1."""
ACTIVATION_MAX = 127
LOGIT_ONE = 256
"""The integer that stands for 1.0 in the output of the last layer."""

FOLDER = Path(__file__).resolve().parent


@cache
def data() -> dict[str, NDArray[np.generic]]:
    """Everything in digits.npz.

    `images` uint8 [1797, 64] (row-major 8 x 8, 0..16), `labels` uint8 [1797], and the indices
    `train` int64 [1297] and `test` int64 [500].
    """
    return _load("digits.npz")


@cache
def model() -> dict[str, NDArray[np.generic]]:
    """Everything in model.npz, for n in 1, 2, 3.

    `w{n}` int8 [N, K] (-4..3), `bias{n}` int32 [N], `mult{n}` uint16 [N] (15 bits),
    `shift{n}` int64 []; of the float network `fw{n}` float32 [N, K] and `fb{n}` float32 [N].
    """
    return _load("model.npz")


def test_set() -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """The images [500, 64] and labels [500] that training never saw."""
    digits = data()
    return digits["images"][digits["test"]], digits["labels"][digits["test"]]


def encode(images: NDArray[np.integer]) -> NDArray[np.int8]:
    """Pixels 0..16 to the i8 input of layer 1, -64..64: `8 * pixel - 64`. Loses nothing."""
    return ((2 * INPUT_ONE // PIXEL_MAX) * images.astype(np.int16) - INPUT_ONE).astype(np.int8)


def layer(n: int, x: NDArray[np.integer]) -> NDArray[np.int64]:
    """Quantised layer `n`: [..., K] integers to [..., N] integers, in int64 throughout."""
    weights = model()
    w, bias, mult = (weights[f"{name}{n}"].astype(np.int64) for name in ("w", "bias", "mult"))
    shift = int(weights[f"shift{n}"])
    scaled = (x.astype(np.int64) @ w.T + bias) * mult
    y: NDArray[np.int64] = (scaled + (1 << (shift - 1))) >> shift
    return y if n == LAYERS[-1] else np.clip(y, 0, ACTIVATION_MAX)


def quantised_logits(images: NDArray[np.integer]) -> NDArray[np.int64]:
    """Images [..., 64] of pixels 0..16 to integer logits [..., 10]; every value fits i32."""
    x = encode(images).astype(np.int64)
    for n in LAYERS:
        x = layer(n, x)
    return x


def float_logits(images: NDArray[np.integer]) -> NDArray[np.float64]:
    """Images [..., 64] to logits [..., 10] of the network trained without quantisation."""
    weights = model()
    x = encode(images) / INPUT_ONE
    for n in LAYERS:
        w, bias = (weights[f"{name}{n}"].astype(np.float64) for name in ("fw", "fb"))
        x = x @ w.T + bias
        if n != LAYERS[-1]:
            x = np.maximum(x, 0.0)
    return x


def accuracy(logits: NDArray[np.generic], labels: NDArray[np.integer]) -> float:
    """The share of rows of `logits` [M, 10] whose largest (first largest) entry is at the label."""
    return float(np.mean(np.argmax(logits, axis=-1) == labels))


def _load(name: str) -> dict[str, NDArray[np.generic]]:
    with np.load(FOLDER / name, allow_pickle=False) as archive:
        return {key: archive[key] for key in archive.files}
