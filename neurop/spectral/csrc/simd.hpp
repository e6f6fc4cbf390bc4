// Small products and the GELU on the compiler's own vector types, as wide as the registers of the processor: g++ splits a
// wider vector through memory (benchmarks/avx2: eleven times slower).
#pragma once
#include <algorithm>
#include <cstdint>
#include <cstring>
#include <type_traits>
#include <utility>
#include <vector>

namespace neurop {

#if defined(__AVX512F__)
constexpr int kLanes = 16, kRegisters = 32;
#elif defined(__AVX__)
constexpr int kLanes = 8, kRegisters = 16;
#elif defined(__aarch64__)
constexpr int kLanes = 4, kRegisters = 32;
#else
constexpr int kLanes = 4, kRegisters = 16;
#endif
typedef float Vec __attribute__((vector_size(kLanes * sizeof(float)), aligned(4), may_alias));
typedef std::int32_t Int __attribute__((vector_size(kLanes * sizeof(float))));

inline Vec load(const float* p) { return *reinterpret_cast<const Vec*>(p); }
inline void store(float* p, Vec v) { *reinterpret_cast<Vec*>(p) = v; }
inline Vec splat(float x) { return x - Vec{}; }
inline Vec load_part(const float* p, long count) {
    Vec v{};
    std::memcpy(&v, p, count * sizeof(float));
    return v;
}
inline void store_part(float* p, Vec v, long count) { std::memcpy(p, &v, count * sizeof(float)); }

// Threads for an operation on so many numbers: each gets enough to outweigh the start of a team.
inline int team(int threads, long numbers) {
    constexpr long kNumbers = 1 << 14;
    return int(std::clamp(numbers / kNumbers, 1L, long(threads)));
}

// A matrix by rows: element (i, j) at p[i * row + j * column].
struct View {
    const float* p;
    long row, column;
};

// Product of ROWS x k by k x (kLanes VECTORS), held in registers, on top of what `init` points at (null: zero).
// With PART only the first `lanes` columns of c and init are there.
template <int ROWS, int VECTORS, bool PART>
inline void block(long k, View a, View b, float* c, long c_row, const float* init, long init_row, long lanes) {
    const auto get = [lanes](const float* p) { return PART ? load_part(p, lanes) : load(p); };
    Vec sum[ROWS][VECTORS];
    for (int i = 0; i < ROWS; ++i)
        for (int j = 0; j < VECTORS; ++j) sum[i][j] = init ? get(init + i * init_row + kLanes * j) : Vec{};
    for (long l = 0; l < k; ++l) {
        Vec right[VECTORS];
        for (int j = 0; j < VECTORS; ++j) right[j] = load(b.p + l * b.row + kLanes * j);
        for (int i = 0; i < ROWS; ++i) {
            const float left = a.p[i * a.row + l * a.column];
            for (int j = 0; j < VECTORS; ++j) sum[i][j] += left * right[j];
        }
    }
    for (int i = 0; i < ROWS; ++i)
        for (int j = 0; j < VECTORS; ++j) PART ? store_part(c + i * c_row, sum[i][j], lanes) : store(c + i * c_row + kLanes * j, sum[i][j]);
}

template <int VECTORS, bool PART = false>
inline void columns(long m, long k, View a, View b, float* c, long c_row, const float* init, long init_row, long lanes = kLanes) {
    constexpr int kRows = kRegisters == 32 ? 8 : 6;  // two vectors of sums per row, and room for a row of b and an element of a
    const auto rows = [&](auto count, long i) {
        block<decltype(count)::value, VECTORS, PART>(k, {a.p + i * a.row, a.row, a.column}, b, c + i * c_row, c_row,
                                                     init ? init + i * init_row : init, init_row, lanes);
    };
    long i = 0;
    for (; i + kRows <= m; i += kRows) rows(std::integral_constant<int, kRows>{}, i);
    for (; i + 4 <= m; i += 4) rows(std::integral_constant<int, 4>{}, i);
    for (; i < m; ++i) rows(std::integral_constant<int, 1>{}, i);
}

// c = init + a b, of (m x k) and (k x n); b is contiguous along its rows, and so are c and init.
inline void gemm(long m, long n, long k, View a, View b, float* c, long c_row, const float* init = nullptr, long init_row = 0) {
    long j = 0;
    for (; j + 2 * kLanes <= n; j += 2 * kLanes)
        columns<2>(m, k, a, {b.p + j, b.row, 1}, c + j, c_row, init ? init + j : init, init_row);
    if (n - j >= kLanes) {
        columns<1>(m, k, a, {b.p + j, b.row, 1}, c + j, c_row, init ? init + j : init, init_row);
        j += kLanes;
    }
    if (j == n) return;
    thread_local std::vector<float> packed;  // what is left of b, with whole vectors as rows
    packed.assign(k * kLanes, 0.0f);
    for (long l = 0; l < k; ++l) std::copy_n(b.p + l * b.row + j, n - j, packed.data() + l * kLanes);
    columns<1, true>(m, k, a, {packed.data(), kLanes, 1}, c + j, c_row, init ? init + j : init, init_row, n - j);
}

#if defined(__has_builtin)
#if __has_builtin(__builtin_shufflevector)
#define NEUROP_SHUFFLE 1
template <int... I>
inline void interleave(Vec a, Vec b, Vec& low, Vec& high, std::integer_sequence<int, I...>) {
    low = __builtin_shufflevector(a, b, (I / 2 + I % 2 * kLanes)...);
    high = __builtin_shufflevector(a, b, (kLanes / 2 + I / 2 + I % 2 * kLanes)...);
}
#endif
#endif

// to (columns x rows) from `from` (rows x columns)
inline void transpose(long rows, long columns, const float* from, long from_row, float* to, long to_row) {
    for (long i = 0; i < rows; i += kLanes)
        for (long j = 0; j < columns; j += kLanes) {
#ifdef NEUROP_SHUFFLE
            if (i + kLanes <= rows && j + kLanes <= columns) {
                Vec now[kLanes], next[kLanes];
                for (int k = 0; k < kLanes; ++k) now[k] = load(from + (i + k) * from_row + j);
                for (int step = 1; step < kLanes; step *= 2) {
                    for (int k = 0; k < kLanes / 2; ++k)
                        interleave(now[k], now[k + kLanes / 2], next[2 * k], next[2 * k + 1], std::make_integer_sequence<int, kLanes>());
                    for (int k = 0; k < kLanes; ++k) now[k] = next[k];
                }
                for (int k = 0; k < kLanes; ++k) store(to + (j + k) * to_row + i, now[k]);
                continue;
            }
#endif
            for (long l = j; l < std::min(j + kLanes, columns); ++l)
                for (long k = i; k < std::min(i + kLanes, rows); ++k) to[l * to_row + k] = from[k * from_row + l];
        }
}

// exp(x) for x <= 0: 2^n times a polynomial on [-ln 2 / 2, ln 2 / 2].
inline Vec exp_negative(Vec x) {
    const Vec low = splat(-87.0f);
    x = x < low ? low : x;
    const Vec magic = splat(12582912.0f);  // 1.5 * 2^23: adding it rounds to an integer
    const Vec n = (x * 1.44269504088896341f + magic) - magic;
    const Vec r = (x - n * 0.693359375f) + n * 2.12194440e-4f;
    Vec p = splat(1.9875691500e-4f);
    p = p * r + 1.3981999507e-3f;
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    p = p * r + 5.0000001201e-1f;
    p = p * r * r + r + 1.0f;
    const Int power = (__builtin_convertvector(n, Int) + 127) << 23;
    Vec scale;
    std::memcpy(&scale, &power, sizeof scale);
    return p * scale;
}

// GELU(x) = x Phi(x) and its derivative Phi(x) + x phi(x), with erf of Abramowitz and Stegun, 7.1.26 (1.5e-7): one exponential for both.
inline Vec gelu(Vec x, Vec& slope) {
    const Vec magnitude = x < 0.0f ? -x : x;
    const Vec t = 1.0f / (magnitude * (0.3275911f * 0.70710678118654752f) + 1.0f);
    const Vec e = exp_negative(-0.5f * x * x);
    Vec p = splat(1.061405429f);
    p = p * t - 1.453152027f;
    p = p * t + 1.421413741f;
    p = p * t - 0.284496736f;
    p = p * t + 0.254829592f;
    const Vec tail = 0.5f * p * t * e;  // 1 - Phi(|x|)
    const Vec phi = x < 0.0f ? tail : 1.0f - tail;
    slope = phi + x * (e * 0.39894228040143268f);
    return x * phi;
}

}  // namespace neurop
