"""What the demo says: the tables, on the terminal and in Markdown, and the files of its folder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from examples.digits.hardware import STALL, Outcome
from hdl.report import pictures

HEADINGS = (
    "layer",
    "N x K",
    "equal",
    "predicted",
    "simulated",
    "lanes",
    "table bits",
    "memory bits",
    "cycles/image",
)
LEGEND = (
    "Equal: in every bit; predicted, simulated: cycles of a launch on all these images; lanes: "
    "look-ups a cycle; table bits hold look-up tables, memory bits input buffers; cycles/image: "
    "with ports always ready."
)


@dataclass(frozen=True, eq=False)
class Summary:
    """All that the demo found out."""

    accuracies: dict[str, float]
    outcomes: Sequence[Outcome]
    labels: Sequence[int]
    simulator: str
    seed: int

    @property
    def classes(self) -> list[str]:
        """For each simulated image the class that the hardware found; "-" where there is none."""
        result = self.outcomes[-1].result
        if result is None:
            return ["-"] * len(self.labels)
        return [str(int(row.argmax())) for row in result.outputs["y"]]

    @property
    def right(self) -> int:
        """How many of those classes are the label."""
        return sum(a == str(b) for a, b in zip(self.classes, self.labels, strict=True))


def rows(outcomes: Sequence[Outcome]) -> list[list[str]]:
    """The layer table, without its headings."""
    found = []
    for outcome in outcomes:
        design, result = outcome.design, outcome.result
        found.append(
            [
                str(outcome.layer.number),
                f"{outcome.layer.sizes['N']} x {outcome.layer.sizes['K']}",
                "yes" if outcome.equal else "NO",
                f"{result.predicted:,}" if result else "-",
                f"{result.cycles:,}" if result else "-",
                str(outcome.lanes),
                f"{design.table_bits:,}",
                f"{design.memory_bits:,}",
                f"{design.cycles / outcome.images:,.1f}",
            ]
        )
    return found


def as_text(headings: Sequence[str], body: Sequence[Sequence[str]]) -> str:
    """A table for the terminal, columns to the right."""
    lines = [headings, *body]
    widths = [max(len(line[column]) for line in lines) for column in range(len(headings))]
    return "\n".join(
        "  " + "  ".join(cell.rjust(width) for cell, width in zip(line, widths, strict=True))
        for line in lines
    )


def as_markdown(headings: Sequence[str], body: Sequence[Sequence[str]]) -> str:
    """A table in Markdown."""
    lines = [headings, ["---"] * len(headings), *body]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def report(summary: Summary) -> str:
    """The demo's report in Markdown, with links to the files of `layer_files`."""
    layers = [outcome.layer for outcome in summary.outcomes]
    exact = [f"layer {layer.number}: {'yes' if layer.exact else 'NO'}" for layer in layers]
    accuracies = [[name, f"{100 * share:.1f} %"] for name, share in summary.accuracies.items()]
    images = list(map(str, range(len(summary.labels))))
    parts = [
        "# Handwritten digits in hardware",
        "Weights of 3 bits, activations of 8; each layer is a tile program of `digits.tile`.",
        "## Accuracy",
        f"On {len(layers[0].x)} test images that training never saw, the quantised network in the "
        f"virtual machine. Equal to NumPy (`reference.py`) in every element: {', '.join(exact)}.",
        as_markdown(["network", "accuracy"], accuracies),
        "## Layers in hardware",
        f"Each `dot` is rewritten to table look-ups. {len(images)} test images in the simulator "
        f"{summary.simulator}, each port closed in {STALL:.0%} of the cycles at random (seed "
        f"{summary.seed}). {_COMPARED[summary.simulator == 'amaranth']}",
        as_markdown(HEADINGS, rows(summary.outcomes)),
        LEGEND,
        "## Classes that the hardware found",
        f"{summary.right} of {len(images)} are right.",
        as_markdown(
            ["image", *images],
            [["label", *map(str, summary.labels)], ["class", *summary.classes]],
        ),
        "## Files",
        "In the pictures of layouts `3:1` is place 3, step 1: lane 3 of beat 1.",
    ]
    for outcome in summary.outcomes:
        name = _name(outcome)
        drawn = ", ".join(
            f"[{value}]({name}_layouts/{value}.svg)" for value in pictures(outcome.design)
        )
        parts.append(
            f"Layer {outcome.layer.number}: [Verilog]({name}.v), [units and buffers]({name}.md), "
            f"[waveform of the first image]({name}.vcd); layouts of the tiles "
            f"{drawn}."
        )
        if outcome.problem:
            parts.append(f"```\n{outcome.problem}\n```")
    return "\n\n".join(parts) + "\n"


_COMPARED = {
    True: "Compared: the outputs, every stream that carries a tile of the program with the virtual "
    "machine, every firing of every unit with the timed model.",
    False: "Compared: the outputs with the virtual machine, the cycles with the timed model.",
}


def layer_files(outcome: Outcome, waveform: str) -> dict[str, str]:
    """The files of one layer, by name: Verilog, design report, waveform, layouts."""
    name, design = _name(outcome), outcome.design
    files = {f"{name}.v": design.verilog(), f"{name}.md": design.report(), f"{name}.vcd": waveform}
    for value, picture in pictures(design).items():
        files[f"{name}_layouts/{value}.svg"] = picture
    return files


def _name(outcome: Outcome) -> str:
    return f"layer{outcome.layer.number}"
