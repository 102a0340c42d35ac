"""Layouts: an algebra of maps from the elements of a tile to places and steps.

>>> from tilevm.layouts import local, parse, spatial
>>> c = local(2, 1).spatial(8, 4).local(1, 2)
>>> c.shape, c.places, c.steps
((16, 8), 32, 4)
>>> parse(str(c)) == c and c / local(1, 2) == local(2, 1) * spatial(8, 4)
True
"""

from tilevm.layouts.arrangement import Arrangement
from tilevm.layouts.grid import picture
from tilevm.layouts.image import svg
from tilevm.layouts.layout import (
    Layout,
    column_local,
    column_spatial,
    local,
    replicated,
    spatial,
)
from tilevm.layouts.modes import Mode
from tilevm.layouts.parser import parse

__all__ = [
    "Arrangement",
    "Layout",
    "Mode",
    "column_local",
    "column_spatial",
    "local",
    "parse",
    "picture",
    "replicated",
    "spatial",
    "svg",
]
