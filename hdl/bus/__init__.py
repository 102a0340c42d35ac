"""Buses at the edges of a design: AXI4-Stream ports, control registers by AXI4-Lite or Wishbone.

The core stays as it is: a gate and an adapter stand between each of its streams and a bus.
"""
