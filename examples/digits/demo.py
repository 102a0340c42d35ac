"""The main job on real data: a classifier of handwritten digits, run, built as hardware, compared.

Every layer runs as a tile program in the virtual machine on all test images and must equal NumPy.
Then each layer becomes hardware, which is simulated on the first test images and must equal the
virtual machine in every bit and the timed model in every cycle.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import textwrap
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from examples.digits import hardware, reference
from examples.digits.hardware import STALL, Outcome
from examples.digits.layers import Layer, run_layers
from examples.digits.report import HEADINGS, LEGEND, Summary, as_text, layer_files, report, rows
from hdl.options import MAX_LANES, SIMULATORS
from tilevm import TileError
from tilevm.cli.output import check_folder, write_folder

TEST_IMAGES = len(reference.data()["test"])


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the demo; returns 0, or 1 where anything differs or cannot be done."""
    options = _parser().parse_args(arguments)
    try:
        return run(options)
    except TileError as problem:
        print(problem, file=sys.stderr)
        return 1


def run(options: argparse.Namespace) -> int:
    """The whole job, for parsed options; TileError where it cannot be done."""
    check_folder(options.output, force=False)
    images, labels = reference.test_set()
    print(f"== The classifier in the virtual machine, on {len(images)} test images")
    with progress("running three layers, as written and as table look-ups"):
        layers = list(run_layers(images))
        rewritten = [hardware.rewritten_is_equal(layer) for layer in layers]
    for layer, same in zip(layers, rewritten, strict=True):
        states = ["equal" if ok else "NOT EQUAL" for ok in (layer.exact, same)]
        print(
            f"  layer {layer.number}, {layer.y.shape[1]} x {layer.x.shape[1]}: "
            f"{states[0]} to NumPy in every element; as table look-ups: {states[1]}"
        )
    accuracies = {
        "float": reference.accuracy(reference.float_logits(images), labels),
        "quantised to integers": reference.accuracy(layers[-1].y, labels),
    }
    print("  accuracy: " + ", ".join(f"{n} {100 * a:.1f} %" for n, a in accuracies.items()))

    print(
        f"\n== The layers as hardware, {options.images} images, each port closed in {STALL:.0%} "
        f"of the cycles at random (seed {options.seed})"
    )
    outcomes = [_simulate(layer, options) for layer in layers]
    summary = Summary(
        accuracies, outcomes, labels[: options.images].tolist(), options.simulator, options.seed
    )
    print("\n" + as_text(HEADINGS, rows(outcomes)))
    print(
        "\n"
        + textwrap.fill(
            LEGEND, 98, break_on_hyphens=False, initial_indent="  ", subsequent_indent="  "
        )
    )
    for outcome in outcomes:
        if outcome.problem:
            print(f"\nlayer {outcome.layer.number}:\n{outcome.problem}", file=sys.stderr)
    print(f"\n  labels          {' '.join(map(str, summary.labels))}")
    print(f"  hardware finds  {' '.join(summary.classes)}")

    print("\n== Files")
    files = {"report.md": report(summary)}
    for outcome in outcomes:
        files |= _files(outcome)
    write_folder(options.output, files, {"example": "digits", "seed": options.seed}, force=False)
    print(f"  {len(files)} files in {options.output}: read {options.output / 'report.md'} first")

    equal = all(rewritten) and all(o.layer.exact and o.equal for o in outcomes)
    print("\nAll equal." if equal else "\nNOT EQUAL: see above.")
    return 0 if equal else 1


def _simulate(layer: Layer, options: argparse.Namespace) -> Outcome:
    simulator = options.simulator
    design = hardware.build(layer, options.images, options.lanes)
    first_use = _first_use(layer) if simulator != "amaranth" else ""
    with progress(
        f"simulating layer {layer.number} in {simulator}, {design.cycles:,} cycles{first_use}"
    ):
        return hardware.simulate(layer, design, options.images, simulator, STALL, options.seed)


def _files(outcome: Outcome) -> dict[str, str]:
    """The files of one layer, with the waveform of a launch on the first image."""
    number = outcome.layer.number
    with (
        progress(f"writing Verilog and waveform of layer {number}{_first_use(outcome.layer)}"),
        tempfile.TemporaryDirectory() as folder,
    ):
        path = Path(folder, "waveform.vcd")
        hardware.record(outcome, path)
        return layer_files(outcome, path.read_text("utf-8"))


def _first_use(layer: Layer) -> str:
    """What to expect where Verilog is written for the first layer."""
    first = layer.number == reference.LAYERS[0]
    return " (the first use of Yosys compiles it, up to a minute)" if first else ""


@contextmanager
def progress(what: str) -> Iterator[None]:
    """Says what is done while it is done, and then how long it took."""
    print(f"  {what} ... ", end="", flush=True)
    start = time.monotonic()
    try:
        yield
    except BaseException:
        print("failed", flush=True)
        raise
    print(f"{time.monotonic() - start:.1f} s", flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m examples.digits",
        description="A classifier of handwritten digits in the virtual machine and as hardware.",
        epilog="example: python -m examples.digits --images 4 --lanes 8 -o build/small",
    )
    add = parser.add_argument
    add(
        "--images",
        type=_between(1, TEST_IMAGES),
        default=32,
        metavar="N",
        help="test images that the hardware classifies (default: %(default)s)",
    )
    add(
        "--seed",
        type=_between(0, 2**63 - 1),
        default=1,
        metavar="N",
        help="replays the stalls (default: %(default)s)",
    )
    add(
        "--lanes",
        type=_between(1, MAX_LANES),
        default=16,
        metavar="N",
        help="elements computed in a cycle (default: %(default)s)",
    )
    add(
        "--simulator",
        choices=SIMULATORS,
        default="amaranth",
        help="what simulates the hardware (default: %(default)s)",
    )
    add(
        "-o",
        "--output",
        type=Path,
        default=Path("build/digits"),
        metavar="DIR",
        help="folder for Verilog, report, pictures and waveform (default: %(default)s)",
    )
    return parser


def _between(low: int, high: int) -> type[int]:
    def number(text: str) -> int:
        value = int(text)
        if not low <= value <= high:
            raise argparse.ArgumentTypeError(f"must be from {low} to {high}, not {value}")
        return value

    return number  # type: ignore[return-value]
