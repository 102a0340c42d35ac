"""The text form of programs: parser and, through `str(program)`, formatter."""

from tilevm.text.parser import load, parse

__all__ = ["load", "parse"]
