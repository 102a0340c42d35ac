"""The goals for the virtual machine's speed, and which of them a measurement meets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

PLAIN = {4096: 1.3, 256: 1 / 1.5}  # NumPy's time over ours, at least
OTHERS = {"triton": 200.0, "pallas grid": 5.0, "pallas loop": 5.0}  # the same, at 4096
BOUND = "bare"  # what no NumPy program can beat (bound.py)
SMALL_OP = 3.0  # microseconds beyond NumPy, at most


def judged(found: Mapping[str, Any]) -> list[dict[str, Any]]:
    """One entry for each goal that was measured: what, the figure, the goal, whether it is met.

    Below a goal that is missed stands what can be reached, with neither.
    """
    entries: list[dict[str, Any]] = []

    def judge(what: str, figure: float, goal: float, least: bool = True) -> None:
        met = bool(figure >= goal if least else figure <= goal)
        said = f"{'at least' if least else 'at most'} {goal:.3g}"
        entries.append({"what": what, "figure": figure, "goal": said, "met": met})

    for case in found["products"]:
        size, ratios = case["size"], case["ratios"]
        kind = f"W{case['weights'][1:]}A{case['activations'][1:]}"
        shape = f"{kind}, {size} x {size}, batch {case['batch']}"
        judge(f"{shape}: plain NumPy / ours", ratios["plain"], PLAIN[size])
        for name, goal in OTHERS.items():
            if name in ratios and size == 4096:
                judge(f"{shape}: {name} / ours", ratios[name], goal)
                if ratios[name] < goal and BOUND in ratios:
                    most = ratios[name] / ratios[BOUND]
                    what = f"  {name} / {BOUND}: the most for NumPy"
                    entries.append({"what": what, "figure": most, "goal": "", "met": None})
    for chunk, peak in found["peak_bytes"].items():
        judge(f"peak memory / chunk of {chunk >> 20} MiB", peak / chunk, 1.0, least=False)
    for name, micros in found["small_op_microseconds"].items():
        judge(f"one `{name}` beyond NumPy, microseconds", micros, SMALL_OP, least=False)
    return entries


def table(entries: list[dict[str, Any]]) -> str:
    """The goals for people."""
    lines = [f"{'':52} {'measured':>9}  {'goal':<14} met"]
    for entry in entries:
        met = {True: "yes", False: "NO", None: ""}[entry["met"]]
        lines.append(f"{entry['what']:<52} {entry['figure']:>9.2f}  {entry['goal']:<14} {met}")
    return "\n".join(lines)
