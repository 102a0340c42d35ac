"""Units: what an actor can do at a firing.

Each is a frozen description with a summary, a NumPy model and Amaranth logic, and a function that
builds the actor around it, masks included.  Amaranth is imported only where logic is made.

Time is the same for all: an actor fires at most once a cycle, ``prod(trips)`` times a launch, in
the first cycle in which every input that is due has a beat and every output that is due has room.
What is pushed at a firing comes out of the channel `latency` cycles later; see hdl.timing.
"""

from hdl.units.carry import Merge, Route, merge_actor, route_actor
from hdl.units.collect import Collect, collect_actor
from hdl.units.edge import Sink, Source, input_shapes, output_shapes, sink_actor, source_actor
from hdl.units.fold import Fold, fold_actor
from hdl.units.function import FoldFunction, Identity, LaneFunction
from hdl.units.lanes import Beats, beats_dtype, fit
from hdl.units.map import Map, map_actor
from hdl.units.memory import (
    Access,
    Drain,
    Fill,
    Memory,
    Place,
    address_shape,
    image_lanes,
    memory_actor,
)
from hdl.units.scan import Scan, ScanFunction, scan_actor

__all__ = [
    "Access",
    "Beats",
    "Collect",
    "Drain",
    "Fill",
    "Fold",
    "FoldFunction",
    "Identity",
    "LaneFunction",
    "Map",
    "Memory",
    "Merge",
    "Place",
    "Route",
    "Scan",
    "ScanFunction",
    "Sink",
    "Source",
    "address_shape",
    "beats_dtype",
    "collect_actor",
    "fit",
    "fold_actor",
    "image_lanes",
    "input_shapes",
    "map_actor",
    "memory_actor",
    "merge_actor",
    "output_shapes",
    "route_actor",
    "scan_actor",
    "sink_actor",
    "source_actor",
]
