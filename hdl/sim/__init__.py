"""Simulation of designs: outputs, the cycle of every firing, and every beat of every channel.

Importing this loads Amaranth.  The simulators of the emitted Verilog are in `hdl.sim.external`.
"""

from hdl.sim.amaranth import SimResult, run
from hdl.sim.stalls import random_stalls

__all__ = ["SimResult", "random_stalls", "run"]
