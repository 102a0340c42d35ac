"""What all memory buses have in common: the side that faces the design, addresses, queues."""

from __future__ import annotations

from typing import Any

from amaranth import Cat, Const, Module, Signal, Value
from amaranth.lib import stream
from amaranth.lib.fifo import SyncFIFOBuffered
from amaranth.lib.wiring import In, Out, connect, flipped

from hdl.bus.gate import LAUNCHES
from hdl.bus.slots import PAGE

ADDRESS_BITS = 64
BEATS_BITS = 32


def reader_side(word_bits: int) -> dict[str, Any]:
    """Members of a reader: each `start` brings the image at `address` once, as words in order.

    A reader that is `sized` brings only what holds the first `beats` beats.
    """
    return {
        "start": In(1),
        "address": In(ADDRESS_BITS),
        "beats": In(BEATS_BITS),
        "words": Out(stream.Signature(word_bits)),
        "failed": Out(1),  # an answer was an error
    }


def writer_side(word_bits: int) -> dict[str, Any]:
    """Members of a writer: words in order, launch after launch, to the image at `address`.

    To a writer that is `sized` a launch is what holds the first `beats` beats.
    `finished` is 1 in the cycle in which memory has answered the last write of a launch.
    """
    return {
        "words": In(stream.Signature(word_bits)),
        "address": In(ADDRESS_BITS),
        "beats": In(BEATS_BITS),
        "failed": Out(1),
        "finished": Out(1),
    }


def owed_launches(m: Module, start: Value, over: Value) -> Value:
    """Launches that were started and not yet asked for whole."""
    owed = Signal(range(LAUNCHES + 1), name="owed")
    m.d.sync += owed.eq(owed + start - over)
    return owed


def counted(
    m: Module, name: str, count: int, step: Value, end: Value | None = None
) -> tuple[Value, Value]:
    """A counter that moves on with `step`, and whether it is at its last value.

    That is `end`, below `count`; or ``count - 1``.
    """
    if count == 1:
        return Const(0), Const(1)
    counter = Signal(range(count), name=name)
    last = Signal(name=f"{name}_last")
    m.d.comb += last.eq(counter == (count - 1 if end is None else end))
    with m.If(step):
        m.d.sync += counter.eq(counter + 1)
        with m.If(last):
            m.d.sync += counter.eq(0)
    return counter, last


def address_of(base: Value, number: Value, size: int) -> Value:
    """The address of piece `number` of an image at `base`, in pieces of `size` bytes (2^n)."""
    page = (PAGE - 1).bit_length()
    start = Cat(Const(0, page), base[page:])
    return (start + Cat(Const(0, (size - 1).bit_length()), number))[:ADDRESS_BITS]


def queue_to(m: Module, words: Any, depth: int) -> SyncFIFOBuffered:
    """A queue, from Amaranth's library, whose words go out by the stream `words`."""
    queue = _queue(m, words, depth)
    connect(m, queue.r_stream, flipped(words))
    return queue


def queue_from(m: Module, words: Any, depth: int) -> SyncFIFOBuffered:
    """A queue that takes the words of the stream `words`."""
    queue = _queue(m, words, depth)
    connect(m, flipped(words), queue.w_stream)
    return queue


def _queue(m: Module, words: Any, depth: int) -> SyncFIFOBuffered:
    m.submodules.queue = queue = SyncFIFOBuffered(width=len(words.payload), depth=depth)
    return queue
