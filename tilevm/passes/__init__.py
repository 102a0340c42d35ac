"""Rewrites from IR to IR: every result is a program that runs, and gives the same values."""

from tilevm.passes.canonicalise import canonicalise
from tilevm.passes.rewrite_dot import rewrite_dot

__all__ = ["canonicalise", "rewrite_dot"]
