"""How much of the lanes' time useful work takes: GEMV in each dot form, by the timed model.

Run: python benchmarks/utilisation.py
"""

from __future__ import annotations

from pathlib import Path

import hdl
import tilevm

EXAMPLES = Path(__file__).parents[1] / "examples"

GEMV = """
kernel gemv(w: global i4[N, K], x: global i8[K], y: global i32[N])
  where N % 64 == 0, K % 64 == 0
  grid (n = N / 64)
{
  zero = full i32[64] {value = 0}
  acc = for k in 0 .. K / 64 carry (sum = zero) {
    wt: i4[64, 64] = load w[n * 64, k * 64]
    xt: i8[64] = load x[k * 64]
    part = dot wt, xt
    next = add sum, part
    yield next
  }
  store acc, y[n * 64]
}
"""

FORMS: tuple[tuple[str, dict[str, str | int], float], ...] = (
    ("mac", {"dot": "mac"}, 1),
    ("lut, tables of 4 activations", {"dot": "lut", "table": "activations"}, 4 / 4),
    ("lut, tables of 4 weights", {"dot": "lut", "table": "weights"}, 8 / 4),
    ("bitserial, 4 x 8 planes", {"dot": "bitserial"}, 4 * 8),
    ("ternary, i2 weights", {"dot": "ternary"}, 1),
    ("lut, i3 weights, examples/gemv.tile", {"dot": "lut", "table": "activations"}, 3 / 4),
)


def main() -> None:
    kernels = {
        form: tilevm.parse(text, "gemv.tile")["gemv"]
        for form, text in (("", GEMV), ("ternary", GEMV.replace("i4", "i2")))
    }
    example = tilevm.load(EXAMPLES / "gemv.tile")["gemv"]
    print("| N = K | lanes | form | ideal cycles | cycles | utilisation |")
    print("|---|---|---|---|---|---|")
    for size in (256, 1024):
        for lanes in (16, 64):
            for name, options, per_weight in FORMS:
                kernel = kernels.get(str(options["dot"]), kernels[""])
                if name.endswith(".tile"):
                    kernel = example
                design = hdl.build(kernel, lanes=lanes, N=size, K=size, **options)
                ideal = size * size * per_weight / lanes
                share = ideal / design.cycles
                print(
                    f"| {size} | {lanes} | {name} | {ideal:.0f} | {design.cycles} | {share:.2%} |"
                )


if __name__ == "__main__":
    main()
