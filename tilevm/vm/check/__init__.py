"""Checked runs: what a run computes from luck, found while it runs (docs/sanitizer.md)."""

from tilevm.vm.check.checker import Checker

__all__ = ["Checker"]
