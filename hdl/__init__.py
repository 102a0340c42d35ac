"""Hardware for tile programs: lowering to a netlist of units, timed model, Amaranth, simulation.

>>> import hdl, tilevm
>>> kernel = tilevm.parse('''
... kernel gemv(w: global i3[N, K], x: global i8[K], y: global i32[N])
...   grid (n = N / 8)
... {
...   wt: i3[8, 16] = load w[n * 8, 0]
...   xt: i8[16] = load x[0]
...   part = dot wt, xt
...   store part, y[n * 8]
... }
... ''')["gemv"]
>>> design = hdl.build(kernel, lanes=8, N=16, K=16)
>>> result = design.simulate(w=[[1] * 16] * 16, x=range(16), stall=0.2, seed=1)
>>> result.outputs["y"].tolist() == [120] * 16
True
"""

from hdl.compiler import build
from hdl.design import Design
from hdl.simulation import Result

__all__ = ["Design", "Result", "build"]
