"""Designs as text for other tools."""

from hdl.emit.verilog import rtlil, verilog

__all__ = ["rtlil", "verilog"]
