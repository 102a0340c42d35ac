"""Cycles per second of the simulators and of the timed model, on a look-up-table GEMV of 64 lanes.

Run: python benchmarks/simulators.py [--lanes 64] [--cold]

All named streams and all firings are recorded in each.  The first launch has the Verilog written,
compiled and loaded; again, all of that comes from the cache.  `--cold` takes an empty cache, so
that Verilator compiles its runtime, and wasmtime Yosys, too.  Cycles are per second of processor
time, that of tools included, so that other work on the machine says little.
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


def processor_seconds(work: Callable[[], object]) -> float:
    """Of this process and of all that it calls."""
    start = sum(os.times()[:4])
    work()
    return sum(os.times()[:4]) - start


def measured(
    design: hdl.Design, simulator: str, feeds: dict[str, np.ndarray], more: int
) -> tuple[str, float]:
    """A row, and cycles a second: one launch, then `more` in a row, the difference gives them."""
    watch = {tap.channel for tap in design.lowered.taps}

    def launches(count: int) -> Callable[[], object]:
        fed = {name: np.tile(beats, (count, 1)) for name, beats in feeds.items()}
        if simulator == "amaranth":
            return lambda: hdl.sim.run(design.netlist, fed, launches=count)
        firings = {actor.name: actor.firings * count for actor in design.netlist.actors}
        return lambda: run_external(design, simulator, fed, firings, {}, watch)

    before = sum(os.times()[:4])
    first = seconds(launches(1))
    processor = sum(os.times()[:4]) - before
    again = min(seconds(launches(1)) for _ in range(2))
    one = min(processor_seconds(launches(1)) for _ in range(2))
    long = min(processor_seconds(launches(1 + more)) for _ in range(2))
    cycles = simulate_timing(design.netlist, 1 + more).cycles - design.cycles
    rate = cycles / max(long - one, 1e-9)
    return (
        f"| {simulator} | {first:.2f} s | {processor:.2f} s | {again:.2f} s | {rate:,.0f} |",
        rate,
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
        rates = {}
        for simulator in (*SIMULATORS, "amaranth"):
            if simulator != "amaranth" and (reason := missing(simulator)):
                print(f"| {simulator} | {reason} | | | |")
                continue
            more = 2_000 if simulator == "verilator" else 10
            row, rates[simulator] = measured(design, simulator, feeds, more)
            print(row, flush=True)
    count = 50
    spent = seconds(lambda: simulate_timing(design.netlist, count))
    cycles = simulate_timing(design.netlist, count).cycles
    print(f"| timed model | {spent:.4f} s for {count} launches | | | {cycles / spent:,.0f} |")
    if "verilator" in rates:
        ratio = rates["verilator"] / rates["amaranth"]
        print(f"\nverilator / amaranth: {ratio:.0f} (goal: at least 200)")


if __name__ == "__main__":
    main()
