"""Hardware of kernels that call functions: the calls are written out, the values the machine's."""

import numpy as np

import hdl
import tilevm

TEXT = """
kernel f(w: global i3[N, K], x: global i8[K], y: global i32[N])
  grid (n = N / 4)
{
  zero = full i32[4] {value = 0}
  acc = for k in 0 .. K / 8 carry (sum = zero) {
    wt: i3[4, 8] = load w[n * 4, k * 8]
    xt: i8[8] = load x[k * 8]
    next = call step(wt, xt, sum)
    yield next
  }
  up, down = call spread(acc)
  r = call step2(up, down)
  store r, y[n * 4]
}

function step(w: i3[4, 8], x: i8[8], sum: i32[4]) {
  k = dot w, x {acc = i32}
  next = add sum, k
  yield next
}

function spread(a: i32[4]) {
  s = add a, a
  yield s, a
}

function step2(s: i32[4], a: i32[4]) {
  t, u = call spread(s)
  r = sub t, a
  yield r
}
"""


def test_hardware_of_functions_equals_plain_integers() -> None:
    kernel = tilevm.parse(TEXT)["f"]
    rng = np.random.default_rng(5)
    w, x = rng.integers(-4, 4, (8, 16)), rng.integers(-128, 128, 16)
    expected = [3 * sum(a * b for a, b in zip(row, x.tolist(), strict=True)) for row in w.tolist()]
    for dot in ("mac", "lut"):
        design = hdl.build(kernel, dot=dot, lanes=8, N=8, K=16)
        result = design.simulate(w=w, x=x, stall=0.3, seed=3)
        assert result.outputs["y"].tolist() == expected
        assert result.compared > 0
