"""Elements that meet at one address, one after the other."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tilevm.vm.buffer import Array


class Turns:
    """The positions of a list of addresses in turns: in each no address occurs twice.

    The first position of every address is in the first turn, its second in the second, and so on:
    what happens turn by turn happens in order at each address.
    """

    def __init__(self, addresses: Array) -> None:
        self.order = np.argsort(addresses, kind="stable")
        listed = addresses[self.order]
        new = np.ones(len(listed), bool)
        new[1:] = listed[1:] != listed[:-1]
        self.starts = np.flatnonzero(new)
        self.lengths = np.diff(np.append(self.starts, len(listed)))

    @property
    def meet(self) -> bool:
        """Whether some address occurs twice."""
        return len(self.starts) < len(self.order)

    @property
    def last(self) -> Array:
        """The last position of each address."""
        return self.order[self.starts + self.lengths - 1]

    def __iter__(self) -> Iterator[Array]:
        starts, lengths = self.starts, self.lengths
        number = 0
        while len(starts):
            yield self.order[starts + number]
            number += 1
            stays = lengths > number
            starts, lengths = starts[stays], lengths[stays]
