"""Designs as text for other tools."""

from hdl.emit.verilog import verilog

__all__ = ["verilog"]
