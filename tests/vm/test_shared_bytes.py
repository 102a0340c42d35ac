"""Which packed elements share a byte, counted out bit by bit."""

import numpy as np
import pytest

from tilevm.vm.check.storage import one_byte


@pytest.mark.parametrize("bits", range(1, 8))
@pytest.mark.parametrize("distance", [-7, -3, -1, 1, 2, 7])
def test_elements_that_share_a_byte(bits: int, distance: int) -> None:
    addresses = np.arange(8, 60)
    wanted = []
    for address in addresses.tolist():
        low, high = sorted((address, address + distance))
        bytes_of = [{bit // 8 for bit in range(n * bits, (n + 1) * bits)} for n in (low, high)]
        wanted.append(bool(bytes_of[0] & bytes_of[1]))
    assert one_byte(addresses, distance, bits).tolist() == wanted
