// Runs the CUDA kernels' own source on a CPU: a fiber per thread, one block at a time.
//
// It is stricter than a GPU: shared memory begins as NaN and has an end, an asynchronous copy arrives only when it is
// waited for, and threads run between barriers in an order that the seed shuffles.
#pragma once
#define NEUROP_EMULATOR
#include <ucontext.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <functional>
#include <random>
#include <vector>

namespace emulator {

struct Index {
    unsigned x = 0, y = 0, z = 0;
};
struct Copy {
    float* to;
    float values[4];
    int count;
};
struct Thread {
    ucontext_t context;
    std::vector<char> stack = std::vector<char>(128 * 1024);
    bool done = false;
    Index index;
    std::vector<std::vector<Copy>> groups;  // committed copies that have not arrived
    std::vector<Copy> open;
};
struct Warp {
    int arrived = 0, generation = 0;
    unsigned a[32][4], b[32][2];
};

inline std::vector<Thread> threads;
inline std::vector<Warp> warps;
inline std::vector<float> shared;
inline ucontext_t scheduler;
inline Index block;
inline int current, arrived, generation;
inline std::function<void()> body;

inline float* aligned() {
    return reinterpret_cast<float*>((reinterpret_cast<std::uintptr_t>(shared.data()) + 15) & ~std::uintptr_t(15));
}
inline void yield() { swapcontext(&threads[current].context, &scheduler); }
inline void entry() {
    body();
    threads[current].done = true;
    yield();
}
inline void synchronize() {
    const int mine = generation;
    if (++arrived == int(threads.size()))
        arrived = 0, ++generation;
    else
        while (mine == generation) yield();
}
inline void synchronize_warp(Warp& w) {
    const int mine = w.generation;
    if (++w.arrived == 32)
        w.arrived = 0, ++w.generation;
    else
        while (mine == w.generation) yield();
}
inline void copy(float* to, const float* from, int words, int bytes) {
    Copy c{to, {}, words};
    for (int i = 0; 4 * i < bytes; ++i) c.values[i] = from[i];
    threads[current].open.push_back(c);
}
inline void arrive(std::size_t pending) {
    auto& groups = threads[current].groups;
    while (groups.size() > pending) {
        for (const Copy& c : groups.front()) std::copy_n(c.values, c.count, c.to);
        groups.erase(groups.begin());
    }
}

constexpr std::size_t kFence = 1024;  // floats behind shared memory that nobody may touch
constexpr float kUntouched = 12345.0f;

// Returns whether every block kept within its shared memory.
inline bool launch(Index grid, int count, std::size_t bytes, unsigned seed, std::function<void()> kernel) {
    bool within = true;
    std::mt19937 random(seed);
    body = kernel;
    threads.resize(count);
    std::vector<int> order(count);
    for (int i = 0; i < count; ++i) order[i] = i;
    for (block.z = 0; block.z < grid.z; ++block.z)
        for (block.y = 0; block.y < grid.y; ++block.y)
            for (block.x = 0; block.x < grid.x; ++block.x) {
                shared.assign(bytes / 4 + 4 + kFence, kUntouched);
                float* begin = aligned();
                std::fill_n(begin, bytes / 4, NAN);
                warps.assign(count / 32, Warp());
                arrived = 0;
                for (int i = 0; i < count; ++i) {
                    Thread& t = threads[i];
                    getcontext(&t.context);
                    t.context.uc_stack.ss_sp = t.stack.data();
                    t.context.uc_stack.ss_size = t.stack.size();
                    t.context.uc_link = &scheduler;
                    t.done = false, t.index.x = i;
                    t.groups.clear(), t.open.clear();
                    makecontext(&t.context, entry, 0);
                }
                for (bool left = true; left;) {
                    left = false;
                    if (seed) std::shuffle(order.begin(), order.end(), random);
                    for (int i : order)
                        if (!threads[i].done) {
                            current = i;
                            swapcontext(&scheduler, &threads[i].context);
                            left |= !threads[i].done;
                        }
                }
                within &= std::all_of(begin + bytes / 4, begin + bytes / 4 + kFence, [](float x) { return x == kUntouched; });
            }
    return within;
}

}  // namespace emulator

#define NEUROP_DEVICE inline
#define NEUROP_KERNEL inline void
#define threadIdx (emulator::threads[emulator::current].index)
#define blockIdx (emulator::block)
#define neurop_shared (emulator::aligned())

inline void __syncthreads() { emulator::synchronize(); }
inline float __uint_as_float(unsigned u) {
    float f;
    std::memcpy(&f, &u, 4);
    return f;
}
inline unsigned round_tf32(float x) {
    unsigned u;
    std::memcpy(&u, &x, 4);
    return (u + 0x1000u) & ~0x1fffu;
}
inline void multiply(float (&d)[4], const unsigned (&a)[4], const unsigned (&b)[2]) {
    const int lane = emulator::current % 32, g = lane / 4, q = lane % 4;
    emulator::Warp& w = emulator::warps[emulator::current / 32];
    std::copy_n(a, 4, w.a[lane]), std::copy_n(b, 2, w.b[lane]);
    emulator::synchronize_warp(w);
    for (int i = 0; i < 4; ++i) {
        const int row = g + (i / 2) * 8, column = 2 * q + i % 2;
        double sum = d[i];
        for (int k = 0; k < 8; ++k)
            sum += double(__uint_as_float(w.a[(row % 8) * 4 + k % 4][row / 8 + 2 * (k / 4)])) * __uint_as_float(w.b[column * 4 + k % 4][k / 4]);
        d[i] = float(sum);
    }
    emulator::synchronize_warp(w);
}
inline void copy16(float* to, const float* from, int bytes) { emulator::copy(to, from, 4, bytes); }
inline void copy4(float* to, const float* from, int bytes) { emulator::copy(to, from, 1, bytes); }
inline void commit() {
    auto& t = emulator::threads[emulator::current];
    t.groups.push_back(std::move(t.open));
    t.open.clear();
}
template <int PENDING>
void wait() {
    emulator::arrive(PENDING);
}
