"""Cycles per second of the simulators and of the timed model, on a look-up-table GEMV of 64 lanes.

Run: python benchmarks/simulators.py [--lanes 64] [--cold]

The first launch has the Verilog written, compiled and loaded; again, all of that comes from the
cache.  `--cold` takes an empty cache, so that Verilator compiles its runtime too.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable
from tempfile import TemporaryDirectory

import numpy as np
from utilisation import GEMV

import hdl
import hdl.sim
import tilevm
from hdl.sim.external import SIMULATORS, missing, run_external
from hdl.timing import simulate_timing


def seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def measured(design: hdl.Design, simulator: str, feeds: dict[str, np.ndarray], more: int) -> None:
    """Prints a row: one launch, then `more` in a row, the difference gives the cycles a second."""
    actors = design.netlist.actors

    def launches(count: int) -> None:
        fed = {name: np.tile(beats, (count, 1)) for name, beats in feeds.items()}
        if simulator == "amaranth":
            hdl.sim.run(design.netlist, fed, launches=count, taps=False)
        else:
            firings = {actor.name: actor.firings * count for actor in actors}
            run_external(design, simulator, fed, firings, {})

    before = sum(os.times()[:4])
    first = seconds(lambda: launches(1))
    processor = sum(os.times()[:4]) - before
    again = min(seconds(lambda: launches(1)) for _ in range(2))
    long = seconds(lambda: launches(1 + more))
    cycles = simulate_timing(design.netlist, 1 + more).cycles - design.cycles
    rate = cycles / max(long - again, 1e-9)
    print(
        f"| {simulator} | {first:.2f} s | {processor:.2f} s | {again:.2f} s | {rate:,.0f} |",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lanes", type=int, default=64)
    parser.add_argument("--size", type=int, default=64)
    parser.add_argument("--cold", action="store_true")
    options = parser.parse_args()
    kernel = tilevm.parse(GEMV, "gemv.tile")["gemv"]
    size = options.size
    design = hdl.build(kernel, dot="lut", lanes=options.lanes, N=size, K=size)
    rng = np.random.default_rng(1)
    arguments = {
        "w": rng.integers(-8, 8, (size, size)),
        "x": rng.integers(-128, 128, size),
        "y": np.zeros(size, np.int32),
    }
    feeds = design.feed(tilevm.vm.bind(design.kernel, arguments).arrays)
    with TemporaryDirectory() as folder:
        if options.cold:
            os.environ["XDG_CACHE_HOME"] = folder
        print(f"GEMV {size} x {size}, {options.lanes} lanes: {design.cycles} cycles a launch")
        print("| simulator | first launch | processor time of it | again | cycles a second |")
        print("|---|---|---|---|---|")
        for simulator in SIMULATORS:
            if reason := missing(simulator):
                print(f"| {simulator} | {reason} | | | |")
                continue
            measured(design, simulator, feeds, 2_000 if simulator == "verilator" else 5)
        measured(design, "amaranth", feeds, 10)
    count = 50
    spent = seconds(lambda: simulate_timing(design.netlist, count))
    cycles = simulate_timing(design.netlist, count).cycles
    print(f"| timed model | {spent:.4f} s for {count} launches | | {cycles / spent:,.0f} |")


if __name__ == "__main__":
    main()
