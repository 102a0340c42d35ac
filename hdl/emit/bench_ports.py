"""The ports of a testbench: which model drives each, and what its files hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from hdl.bus.axi_stream import data_bytes
from hdl.bus.edges import MEMORIES
from hdl.bus.slots import PAGE, Slots
from hdl.bus.wrapper import pins_in
from hdl.lower.functions import to_beats
from hdl.netlist import BeatShape
from hdl.sim.ports import pack

if TYPE_CHECKING:
    from hdl.design import Design
    from hdl.launches import DesignLaunch


@dataclass(frozen=True)
class BenchMemory:
    """Where the images of a port lie: that of launch n begins at ``address(n)``."""

    slots: Slots
    number: int

    @property
    def base(self) -> int:
        """Beyond 32 bits, so that the high word of an address counts too."""
        return (self.number + 1) * 0x1_0002_3000

    @property
    def pages(self) -> int:
        """Pages of an image, and one behind it that nobody may write to."""
        return -(-self.slots.bytes // PAGE) + 1

    def address(self, launch: int) -> int:
        return self.base + launch * self.pages * PAGE

    def first_word(self, launch: int) -> int:
        return launch * self.pages * PAGE // self.slots.word_bytes


@dataclass(frozen=True, eq=False)
class BenchPort:
    """A port: Verilog that drives it, the models used, files by name; memory, if it has any."""

    name: str
    shape: BeatShape
    models: tuple[str, ...]
    lines: Sequence[str]
    files: Mapping[str, str]
    ends: Sequence[int]  # beats that have moved at the end of each launch
    inward: bool
    memory: BenchMemory | None = None

    def after(self, launch: int) -> list[str]:
        """What is checked after a launch."""
        if self.memory is None:
            return [f"    moved({self.name}_model.count, {self.ends[launch]});"]
        if self.inward:
            return []
        low, high = self.memory.first_word(launch), self.memory.first_word(launch + 1)
        return [
            f"    {self.name}_model.image.check({low}, {high}, wrong);",
            f'    if (wrong) $display("  in launch {launch + 1}, port {self.name}");',
            "    {failed, wrong} = {failed || wrong, 1'b0};",
        ]


@dataclass(eq=False)
class _Beats:
    """The beats of a port in all launches: payloads, and which of their bits mean something."""

    name: str
    shape: BeatShape
    launches: list[list[int]] = field(default_factory=list)
    masks: list[list[int]] = field(default_factory=list)

    @property
    def flat(self) -> list[int]:
        return [beat for beats in self.launches for beat in beats]

    @property
    def flat_masks(self) -> list[int]:
        return [mask for masks in self.masks for mask in masks]

    @property
    def ends(self) -> list[int]:
        return [int(end) for end in np.cumsum([len(beats) for beats in self.launches])]


def bench_ports(design: Design, launches: Sequence[DesignLaunch]) -> list[BenchPort]:
    """Every port of a design, with the beats of these launches."""
    pins = pins_in(design.netlist, design.edges)
    beats = [*_inputs(design, launches), *_outputs(design, launches)]
    found = []
    for number, each in enumerate(beats):
        inward, kind = number < len(design.inputs), design.edges.kinds[each.name]
        make = _memory if kind in MEMORIES else _stream
        found.append(make(design, each, kind, inward, number, pins[each.name]))
    return found


def _inputs(design: Design, launches: Sequence[DesignLaunch]) -> list[_Beats]:
    found = {port.name: _Beats(port.name, port.shape) for port in design.inputs}
    for launch in launches:
        feeds = launch.feed()
        for name, beats in found.items():
            beats.launches.append(pack(feeds[name], beats.shape))
    return list(found.values())


def _outputs(design: Design, launches: Sequence[DesignLaunch]) -> list[_Beats]:
    found = {port.name: _Beats(port.name, port.shape) for port in design.outputs}
    for launch in launches:
        wanted = launch.padded(launch.execute())
        for port in design.outputs:
            kind, count = design.kernel.param(port.buffer).dtype, launch.beats(port.name)
            codes = to_beats(wanted[port.buffer], kind).reshape(-1)
            beats = found[port.name]
            beats.launches.append(pack(port.beats(codes)[:count], port.shape))
            beats.masks.append(port.used_bits()[:count])
    return list(found.values())


def _stream(
    design: Design, beats: _Beats, kind: str, inward: bool, number: int, pins: Sequence[str]
) -> BenchPort:
    """A port whose beats move one by one; of an AXI4-Stream `tlast` and `tkeep` are part of them.

    Their words are, from the lowest bits: `tdata`, `tkeep`, `tlast`.
    """
    name, shape, width = beats.name, beats.shape, beats.shape.width
    payloads, masks = beats.flat, beats.flat_masks
    valid, ready, payload = f"{name}_valid", f"{name}_ready", f"{name}_payload"
    if kind == "axi-stream":
        size = data_bytes(shape)
        valid, ready, width = f"{name}_tvalid", f"{name}_tready", 9 * size + 1
        payload = f"{{{name}_tlast, {name}_tkeep, {name}_tdata}}"
        last = [end - 1 for end in beats.ends]
        kept = ((1 << size) - 1) << 8 * size
        payloads = [beat | kept for beat in payloads]
        for at in last:
            payloads[at] |= 1 << 9 * size
        # all but the lanes: the padding is 0
        others = (1 << width) - (1 << shape.width)
        masks = [mask | others for mask in masks]
    wires = f".clk(clk), .started(started), .valid({valid}), .ready({ready}), .payload({payload})"
    files = {name: _hex(payloads, width)}
    common = f".NUMBER({number}), .WIDTH({width}), .BEATS({len(payloads)}), "
    common += f'.FILE("vectors/{name}.hex")'
    if inward:
        lines = [
            f"  tb_source #({common})",
            f"    {name}_model ({wires});",
            f"  assign {name}_failed = 0;",
        ]
    else:
        files[f"{name}_mask"] = _hex(masks, width)
        more = f'.LANES({shape.lanes}), .BITS({shape.bits}), .NAME("{name}"), '
        more += f'.MASK("vectors/{name}_mask.hex")'
        lines = [
            f"  tb_sink #({common},",
            f"    {more})",
            f"    {name}_model ({wires}, .failed({name}_failed));",
        ]
    model = "source" if inward else "sink"
    return BenchPort(name, shape, (model,), lines, files, beats.ends, inward)


def _memory(
    design: Design, beats: _Beats, kind: str, inward: bool, number: int, pins: Sequence[str]
) -> BenchPort:
    """A port with a memory bus: a memory that holds the images of all launches."""
    name, slots = beats.name, design.slots[beats.name]
    memory = BenchMemory(slots, number)
    above = (1 << 8 * slots.slot_bytes) - (1 << beats.shape.width)  # ignored on the way in
    images, masks = [], []
    for at, launch in enumerate(beats.launches):
        payloads = [beat | above for beat in launch] if inward else launch
        images.append(_words(slots, payloads, memory.first_word(at), "ff" if inward else "aa"))
        if not inward:
            used = [mask | above for mask in beats.masks[at]]
            masks.append(_words(slots, used, memory.first_word(at), "ff"))
    way = "read" if inward else "write"
    files = {name: "".join(images)}
    words = memory.first_word(len(beats.launches))
    given = f".NUMBER({number}), .BYTES({slots.word_bytes}), .WORDS({words}), "
    given += f'.BASE(64\'h{memory.base:x}), .NAME("{name}"), .FILE("vectors/{name}.hex")'
    if not inward:
        files[f"{name}_mask"] = "".join(masks)
        given += f', .MASK("vectors/{name}_mask.hex")'
    unused = {"cache", "prot", "sel"} if inward else {"cache", "prot"}
    parts = [pin.removeprefix(f"{name}_") for pin in pins]
    parts = [part for part in parts if part.removeprefix("ar").removeprefix("aw") not in unused]
    if kind == "wishbone":
        parts = [part for part in parts if not (inward and part == "dat_w")]
        parts = [part for part in parts if inward or part != "dat_r"]
    pads = {"adr": (slots.word_bytes - 1).bit_length()}  # its lowest bits are none of a word
    wires = ", ".join([".clk(clk)", *(_wire(name, part, pads.get(part, 0)) for part in parts)])
    lines = [
        f"  tb_{kind}_{way} #({given})",
        f"    {name}_model ({wires}, .failed({name}_failed));",
    ]
    models = (f"{kind}-{way}", *(["image"] if not inward else []))
    if kind == "axi4":
        models += ("burst",)
    return BenchPort(name, beats.shape, models, lines, files, beats.ends, inward, memory)


def _wire(port: str, part: str, pad: int) -> str:
    pin = f"{port}_{part}"
    return f".{part}({{{pad}'b0, {pin}}})" if pad else f".{part}({pin})"


def _words(slots: Slots, payloads: Sequence[int], first: int, behind: str) -> str:
    """An image for `$readmemh`, from word `first` on; bytes of its last word behind it are told."""
    image, size = slots.image(payloads), slots.word_bytes
    whole = image + bytes.fromhex(behind) * (-len(image) % size)
    words = [whole[at : at + size][::-1].hex() for at in range(0, len(whole), size)]
    return f"@{first:x}\n" + "".join(f"{word}\n" for word in words)


def _hex(payloads: Sequence[int], width: int) -> str:
    digits = -(-width // 4)
    return "".join(f"{payload:0{digits}x}\n" for payload in payloads)
