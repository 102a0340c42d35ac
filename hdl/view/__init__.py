"""What users see of a design: where its cycles go, a timeline, a roofline, a drawing of its units.

Everything here is text (SVG too), and the same for the same design.
"""

from hdl.view.drawing import netlist_svg
from hdl.view.layouts import Explained, explain_layouts, explained
from hdl.view.pictures import pictures
from hdl.view.roofline import Roofline, roofline, roofline_svg
from hdl.view.timeline import timeline_svg
from hdl.view.usage import UnitTime, unit_times

__all__ = [
    "Explained",
    "Roofline",
    "UnitTime",
    "explain_layouts",
    "explained",
    "netlist_svg",
    "pictures",
    "roofline",
    "roofline_svg",
    "timeline_svg",
    "unit_times",
]
