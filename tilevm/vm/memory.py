"""What the ops on buffers do: `Part` is what the machine gives them in place of an access."""

from __future__ import annotations

from typing import Any

import numpy as np

from tilevm.vm.buffer import Array
from tilevm.vm.places import Scattered
from tilevm.vm.races import Guarded


class Part(Guarded):
    """The elements that one access touches, in the blocks that make it."""

    def read(self, shape: tuple[int, ...], fill: Any) -> Array:
        """The values [blocks or 1, *shape]; outside it is `fill`, or an error if that is None."""
        places = self.places(shape, fill is None)
        buffer = self.buffer
        if 0 in shape:
            return np.empty((1, *shape), buffer.kind.carrier)
        if buffer.writer is not None:
            self.admit_read(places, buffer.writer)
        values = places.get(buffer.values)
        if isinstance(places, Scattered):
            if places.inside is not None:
                values = np.where(places.inside, values, fill)
        elif buffer.writer is not None:
            values = values.copy()  # a later store must not show in what was loaded before it
        else:
            values.setflags(write=False)
        return values

    def write(self, values: Array, shape: tuple[int, ...], skip: bool) -> None:
        """Writes values [blocks or 1, *shape]; what is outside is left out, or an error."""
        places = self.places(shape, not skip)
        if 0 in shape:
            return
        buffer = self.buffer
        writer = buffer.writer
        assert writer is not None, buffer.name
        self.admit_write(places, writer)
        places.put(buffer.values, values)
