"""Rewrites from IR to IR: every result is a program that runs, and gives the same values."""

from tilevm.passes.calls import without_calls
from tilevm.passes.canonicalise import canonicalise
from tilevm.passes.fold_constants import fold_constants
from tilevm.passes.hoist_invariants import hoist_invariants
from tilevm.passes.inline import inline
from tilevm.passes.narrow_accumulators import narrow_accumulators
from tilevm.passes.pipeline import Step, Watch, step, steps, transform
from tilevm.passes.ranges import Accumulator, Ranges, accumulators, ranges
from tilevm.passes.registry import PASSES, Pass
from tilevm.passes.remove_dead_code import remove_dead_code
from tilevm.passes.rewrite_dot import rewrite_dot
from tilevm.passes.samples import SAMPLES
from tilevm.passes.share_subexpressions import share_subexpressions
from tilevm.passes.unroll import unroll

__all__ = [
    "PASSES",
    "SAMPLES",
    "Accumulator",
    "Pass",
    "Ranges",
    "Step",
    "Watch",
    "accumulators",
    "canonicalise",
    "fold_constants",
    "hoist_invariants",
    "inline",
    "narrow_accumulators",
    "ranges",
    "remove_dead_code",
    "rewrite_dot",
    "share_subexpressions",
    "step",
    "steps",
    "transform",
    "unroll",
    "without_calls",
]
