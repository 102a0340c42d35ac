// Clocks a Verilated design whose ports move beats from and to files; see hdl/sim/verilator.py.
//
// Files of port n, in the working folder:
//   n.open   in: one byte a cycle, 0 where the port is closed; it is open after the end
//   n.beats  in, of a source: its payloads, each in words of 32 bits, lowest word first
//   n.cycles out: the cycle in which each beat moved, 64 bits; cycle 0 is the first after the reset
//   n.taken  out, of a sink: the payloads
//   n.broken out, of a sink: the first cycle in which it changed a beat that nobody had taken
// Arguments: the most cycles to run, then for each port the number of beats that it has to move.
// ports.inc, written with the design, says SOURCE(n), SINK(n), or TAP(n) (a stream inside of the
// design that is watched) for each port.  Compiled with VM_TRACE, it writes the file `waves`.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "Vbench.h"
#include "verilated.h"
#if VM_TRACE_FST
#include "verilated_fst_c.h"
using WaveFile = VerilatedFstC;
#elif VM_TRACE_VCD
#include "verilated_vcd_c.h"
using WaveFile = VerilatedVcdC;
#endif

namespace {

using Word = std::uint32_t;

std::vector<char> read_file(const std::string& name) {
    std::ifstream file(name, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

template <typename T>
void write_file(const std::string& name, const std::vector<T>& values) {
    std::ofstream file(name, std::ios::binary);
    file.write(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T));
}

// Payloads of up to 64 bits are integers, wider ones arrays of words.
template <typename T>
std::size_t words_of(const T&) {
    return sizeof(T) > sizeof(Word) ? 2 : 1;
}
template <std::size_t N>
std::size_t words_of(const VlWide<N>&) {
    return N;
}
template <typename T>
Word word_of(const T& payload, std::size_t index) {
    return static_cast<Word>(static_cast<std::uint64_t>(payload) >> (32 * index));
}
template <std::size_t N>
Word word_of(const VlWide<N>& payload, std::size_t index) {
    return payload[index];
}
template <typename T>
void assign(T& payload, const Word* words) {
    std::uint64_t value = words[0];
    if (sizeof(T) > sizeof(Word)) value |= static_cast<std::uint64_t>(words[1]) << 32;
    payload = static_cast<T>(value);
}
template <std::size_t N>
void assign(VlWide<N>& payload, const Word* words) {
    for (std::size_t index = 0; index < N; ++index) payload[index] = words[index];
}

struct Port {
    std::uint64_t wanted = 0;  // beats to move
    std::vector<char> open;
    std::vector<Word> beats;  // of a source
    std::vector<std::uint64_t> cycles;
    std::vector<Word> taken;  // of a sink
    std::vector<Word> kept;   // what a sink offered while nobody took it
    std::vector<std::uint64_t> broken;

    bool is_open(std::uint64_t cycle) const { return cycle >= open.size() || open[cycle]; }

    // A source offers its next beat from an open cycle on until it is taken.
    template <typename T>
    void offer(std::uint64_t cycle, T& payload, CData& valid) {
        if (valid || cycles.size() == wanted || !is_open(cycle)) return;
        assign(payload, &beats[cycles.size() * words_of(payload)]);
        valid = 1;
    }

    // The clock edge of a cycle in which an offered beat may have been taken.
    void offered(std::uint64_t cycle, CData& valid, bool ready) {
        if (!valid || !ready) return;
        cycles.push_back(cycle);
        valid = 0;
    }

    template <typename T>
    void take(std::uint64_t cycle, const T& payload) {
        if (cycles.size() == wanted) return;
        cycles.push_back(cycle);
        for (std::size_t index = 0; index < words_of(payload); ++index)
            taken.push_back(word_of(payload, index));
    }

    // What a sink offers must stay until it is taken.
    template <typename T>
    void watch(std::uint64_t cycle, const T& payload, bool valid, bool ready) {
        if (ready && kept.empty()) return;
        std::vector<Word> offer;
        for (std::size_t index = 0; valid && index < words_of(payload); ++index)
            offer.push_back(word_of(payload, index));
        if (!kept.empty() && offer != kept && broken.empty()) broken.push_back(cycle);
        kept = ready ? std::vector<Word>() : offer;
    }

    bool done() const { return cycles.size() == wanted; }
};

bool all_done(const std::vector<Port>& ports) {
    for (const Port& port : ports)
        if (!port.done()) return false;
    return true;
}

// The bench and its clock; what it is in each half of a cycle, 5 ns, goes to the waveform.
class Clock {
public:
#if VM_TRACE
    explicit Clock(Vbench& bench) : bench_(bench) {
        bench_.trace(&waves_, 99);
        waves_.open("waves");
    }
    ~Clock() { waves_.close(); }
#else
    explicit Clock(Vbench& bench) : bench_(bench) {}
#endif

    void half(int level) {
        bench_.clk = level;
        bench_.eval();
#if VM_TRACE
        waves_.dump(time_);
        time_ += 5;
#endif
    }

private:
    Vbench& bench_;
#if VM_TRACE
    WaveFile waves_;
    std::uint64_t time_ = 0;
#endif
};

}  // namespace

int main(int count, char** arguments) {
    const std::uint64_t limit = std::strtoull(arguments[1], nullptr, 10);
    std::vector<Port> ports(count - 2);
    for (std::size_t number = 0; number < ports.size(); ++number) {
        Port& port = ports[number];
        port.wanted = std::strtoull(arguments[number + 2], nullptr, 10);
        port.open = read_file(std::to_string(number) + ".open");
        const std::vector<char> bytes = read_file(std::to_string(number) + ".beats");
        const Word* words = reinterpret_cast<const Word*>(bytes.data());
        port.beats.assign(words, words + bytes.size() / sizeof(Word));
    }

    VerilatedContext context;
    context.randReset(2);  // what the reset does not set starts at random
    context.randSeed(1);
#if VM_TRACE
    context.traceEverOn(true);
#endif
    Vbench bench{&context};
    Clock clock(bench);
    bench.rst = 1;
#define SOURCE(n) bench.p##n##_valid = 0;
#define SINK(n) bench.p##n##_ready = 0;
#define TAP(n)
#include "ports.inc"
#undef SOURCE
#undef SINK
#undef TAP
    for (int edge = 0; edge < 4; ++edge) clock.half(edge % 2);
    bench.rst = 0;
    for (std::uint64_t cycle = 0; cycle < limit && !all_done(ports); ++cycle) {
#define SOURCE(n) ports[n].offer(cycle, bench.p##n##_payload, bench.p##n##_valid);
#define SINK(n) bench.p##n##_ready = ports[n].is_open(cycle);
#define TAP(n)
#include "ports.inc"
#undef SOURCE
#undef SINK
#undef TAP
        clock.half(0);
        // Sampled before the edge, handed over after it: inputs change between edges only.
#define SOURCE(n) const bool moved##n = bench.p##n##_ready;
#define SINK(n)                                                                               \
    ports[n].watch(cycle, bench.p##n##_payload, bench.p##n##_valid, bench.p##n##_ready);      \
    if (bench.p##n##_valid && bench.p##n##_ready) ports[n].take(cycle, bench.p##n##_payload);
#define TAP(n) \
    if (bench.p##n##_valid) ports[n].take(cycle, bench.p##n##_payload);
#include "ports.inc"
#undef SOURCE
#undef SINK
#undef TAP
        clock.half(1);
#define SOURCE(n) ports[n].offered(cycle, bench.p##n##_valid, moved##n);
#define SINK(n)
#define TAP(n)
#include "ports.inc"
#undef SOURCE
#undef SINK
#undef TAP
    }
    bench.final();

    for (std::size_t number = 0; number < ports.size(); ++number) {
        write_file(std::to_string(number) + ".cycles", ports[number].cycles);
        write_file(std::to_string(number) + ".taken", ports[number].taken);
        write_file(std::to_string(number) + ".broken", ports[number].broken);
    }
}
