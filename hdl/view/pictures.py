"""All pictures of a launch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hdl.view.drawing import netlist_svg
from hdl.view.roofline import roofline_svg
from hdl.view.timeline import timeline_svg

if TYPE_CHECKING:
    from hdl.design import Design
    from hdl.timing import Timing


def pictures(design: Design, timing: Timing) -> dict[str, str]:
    """By file name SVG: a timeline of the launch, its roofline, and the netlist."""
    return {
        "timeline.svg": timeline_svg(design, timing),
        "roofline.svg": roofline_svg(design, timing),
        "netlist.svg": netlist_svg(design.netlist),
    }
