// Clocks a Verilated design whose ports move beats from and to files; see hdl/sim/verilator.py.
//
// What is numbered n is a port, or a tap: a stream or a unit inside of the design that is watched.
// Files in the working folder:
//   n.open   in: one byte a cycle, 0 where the port is closed; it is open after the end
//   n.beats  in, of a source: its payloads, each in words of 32 bits, lowest word first
//   n.cycles out: the cycle in which each beat moved, or each firing, 64 bits; cycle 0 is the first
//            after the reset
//   n.taken  out, of a sink or a stream: the payloads
//   notes    out, for each n two numbers of 64 bits: the first cycle in which a sink changed a beat
//            that nobody had taken, -1 if there is none; and in how many cycles a unit waited
// Arguments: after how many cycles in which nothing moves, all ports being open, to stop; then for
// each n how many beats or firings there are to come.
// ports.inc, written with the design, says SOURCE(n), SINK(n), STREAM(n) or UNIT(n) for each n, and
// forgets what these were.
// Compiled with VM_TRACE, it writes the file `waves`.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
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

// The whole of a file, as far as it is there.
template <typename T>
std::vector<T> read_file(const std::string& name) {
    std::vector<T> values;
    if (std::FILE* file = std::fopen(name.c_str(), "rb")) {
        std::fseek(file, 0, SEEK_END);
        values.resize(std::ftell(file) / sizeof(T));
        std::rewind(file);
        values.resize(std::fread(values.data(), sizeof(T), values.size(), file));
        std::fclose(file);
    }
    return values;
}

template <typename T>
void write_file(const std::string& name, const std::vector<T>& values) {
    std::FILE* file = std::fopen(name.c_str(), "wb");
    const bool written =
        file && std::fwrite(values.data(), sizeof(T), values.size(), file) == values.size();
    if (!file || std::fclose(file) || !written) {
        std::fprintf(stderr, "error: cannot write %s\n", name.c_str());
        std::exit(1);
    }
}

// A payload as words: up to 64 bits it is an integer, else an array of words.
template <typename T>
struct Words {
    static constexpr std::size_t size = sizeof(T) > sizeof(Word) ? 2 : 1;
    Word words[size];
    explicit Words(const T& payload) {
        for (std::size_t n = 0; n < size; ++n)
            words[n] = static_cast<Word>(static_cast<std::uint64_t>(payload) >> (32 * n));
    }
    const Word* begin() const { return words; }
    static void assign(T& payload, const Word* words) {
        std::uint64_t value = words[0];
        if (size > 1) value |= static_cast<std::uint64_t>(words[1]) << 32;
        payload = static_cast<T>(value);
    }
};
template <std::size_t N>
struct Words<VlWide<N>> {
    static constexpr std::size_t size = N;
    const VlWide<N>& payload;
    explicit Words(const VlWide<N>& payload) : payload(payload) {}
    const Word* begin() const { return payload.m_storage; }
    static void assign(VlWide<N>& payload, const Word* words) {
        std::copy(words, words + N, payload.m_storage);
    }
};

std::uint64_t cycle = 0;
std::uint64_t last = 0;  // cycle in which something moved
std::size_t left = 0;    // ports and taps that are not done

struct Port {
    std::uint64_t wanted = 0;  // beats or firings
    std::vector<char> open;
    std::vector<Word> beats;  // of a source
    std::vector<std::uint64_t> cycles;
    std::vector<Word> taken;    // of a sink or a stream
    std::vector<Word> offered;  // what a sink offered while nobody took it, if it did
    std::int64_t broken = -1;
    std::uint64_t waited = 0;  // of a unit

    bool is_open() const { return cycle >= open.size() || open[cycle]; }
    bool done() const { return cycles.size() == wanted; }

    void move() {
        cycles.push_back(cycle);
        last = cycle;
        left -= done();
    }

    // A source offers its next beat from an open cycle on until it is taken.
    template <typename T>
    void offer(T& payload, CData& valid) {
        if (valid || done() || !is_open()) return;
        Words<T>::assign(payload, &beats[cycles.size() * Words<T>::size]);
        valid = 1;
    }

    // The clock edge of a cycle in which an offered beat may have been taken.
    void offered_to(CData& valid, bool ready) {
        if (!valid || !ready) return;
        move();
        valid = 0;
    }

    // What comes after the last beat that is wanted is of a launch that nobody asked for.
    template <typename T>
    void take(const T& payload) {
        if (done()) return;
        const Words<T> words(payload);
        taken.insert(taken.end(), words.begin(), words.begin() + Words<T>::size);
        move();
    }

    // What a sink offers must stay until it is taken.
    template <typename T>
    void check(const T& payload, bool valid, bool ready) {
        if (ready && offered.empty()) return;
        const Words<T> words(payload);
        const Word* end = words.begin() + Words<T>::size;
        if (!offered.empty() && broken < 0 &&
            !(valid && std::equal(words.begin(), end, offered.begin())))
            broken = cycle;
        offered.clear();
        if (valid && !ready) offered.assign(words.begin(), end);
    }

    void watch(bool fires, bool ready) {
        if (done()) return;
        waited += !ready;
        if (fires) move();
    }
};

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

void run(Vbench& bench, std::vector<Port>& ports, std::uint64_t patience) {
    Clock clock(bench);
    std::uint64_t open_from = 0;
    for (const Port& port : ports) {
        left += !port.done();
        open_from = std::max<std::uint64_t>(open_from, port.open.size());
    }
    bench.rst = 1;
#define SOURCE(n) bench.p##n##_valid = 0;
#define SINK(n) bench.p##n##_ready = 0;
#define STREAM(n)
#define UNIT(n)
#include "ports.inc"
    for (int edge = 0; edge < 4; ++edge) clock.half(edge % 2);
    bench.rst = 0;
    for (; left && cycle <= std::max(last, open_from) + patience; ++cycle) {
#define SOURCE(n) ports[n].offer(bench.p##n##_payload, bench.p##n##_valid);
#define SINK(n) bench.p##n##_ready = ports[n].is_open();
#define STREAM(n)
#define UNIT(n)
#include "ports.inc"
        clock.half(0);
        // Sampled before the edge, handed over after it: inputs change between edges only.
#define SOURCE(n) const bool moved##n = bench.p##n##_ready;
#define SINK(n)                                                                      \
    ports[n].check(bench.p##n##_payload, bench.p##n##_valid, bench.p##n##_ready);    \
    if (bench.p##n##_valid && bench.p##n##_ready) ports[n].take(bench.p##n##_payload);
#define STREAM(n) \
    if (bench.p##n##_valid) ports[n].take(bench.p##n##_payload);
#define UNIT(n) ports[n].watch(bench.p##n##_fires, bench.p##n##_ready);
#include "ports.inc"
        clock.half(1);
#define SOURCE(n) ports[n].offered_to(bench.p##n##_valid, moved##n);
#define SINK(n)
#define STREAM(n)
#define UNIT(n)
#include "ports.inc"
    }
    bench.final();
}

}  // namespace

int main(int count, char** arguments) {
    const std::uint64_t patience = std::strtoull(arguments[1], nullptr, 10);
    std::vector<Port> ports(count - 2);
    for (std::size_t number = 0; number < ports.size(); ++number) {
        Port& port = ports[number];
        port.wanted = std::strtoull(arguments[number + 2], nullptr, 10);
        port.cycles.reserve(port.wanted);
        port.open = read_file<char>(std::to_string(number) + ".open");
        port.beats = read_file<Word>(std::to_string(number) + ".beats");
    }
    VerilatedContext context;
    context.randReset(2);  // what the reset does not set starts at random
    context.randSeed(1);
#if VM_TRACE
    context.traceEverOn(true);
#endif
    Vbench bench{&context};
    run(bench, ports, patience);

    std::vector<std::int64_t> notes;
    for (std::size_t number = 0; number < ports.size(); ++number) {
        const Port& port = ports[number];
        write_file(std::to_string(number) + ".cycles", port.cycles);
        if (!port.taken.empty()) write_file(std::to_string(number) + ".taken", port.taken);
        notes.push_back(port.broken);
        notes.push_back(static_cast<std::int64_t>(port.waited));
    }
    write_file("notes", notes);
}
