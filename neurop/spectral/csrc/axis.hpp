// The transform along one axis: coefficients from values at its points, and back, a few columns of a field at a time.
//
// With P folds, a power of two of at most 32, the n points are P blocks of q, the point a of block b at a + q b. Waves whose
// frequencies are +-r modulo P change from block to block as cos(2 pi r b / P) and sin(2 pi r b / P), so it is enough to know
//   u_r(a) = sum over b of x(a + q b) cos(2 pi r b / P),   v_r(a) = sum over b of x(a + q b) sin(2 pi r b / P)
// and one product of (functions x 2 q) per r: about 2 / P of the products of all functions and points.
#pragma once
#include "simd.hpp"

namespace neurop {

using Size = std::int64_t;

// (x, y) to (x + y, x - y)
inline void fold(float* x, float* y, long count) {
    for (long i = 0; i < count; ++i) {
        const float sum = x[i] + y[i];
        y[i] = x[i] - y[i];
        x[i] = sum;
    }
}

// What one thread needs: the columns and their coefficients.
struct Work {
    std::vector<float> field, coefficients;

    Work(long n, long size, long columns) : field(n * columns), coefficients(size * columns) {}
};

// The functions of an axis at its points. Without folds `m` has the element (point, function). With them it has one matrix
// (function x point of u_r, then of v_r) per r, one after the other, for r in the order 0, P / 2, P / 4, P / 8, 3 P / 8, ...: odd
// multiples of ever smaller fractions of P. `order` has the functions in that order, `counts` their number for each r, and `odd`
// the matrices of the odd multiples of P / 8, P / 16, ..., first the cosines, then the sines.
struct Functions {
    long n, size, folds;
    View m;
    const Size *order, *counts;
    const float* odd;

    long block() const { return n / folds; }

    // Columns that are transformed at once: few enough for the second level of cache.
    long columns(long all) const {
        constexpr long kFew = 2 * kLanes, kFloats = 1 << 16;
        return std::min(all, std::max(kFew, std::min(kFloats / n, 4 * kFew) / kFew * kFew));
    }

    // out (n x c) from z (size x c), whose rows lie `out_row` and `z_row` apart
    void synthesize(long c, const float* z, long z_row, Work& w, float* out, long out_row) const {
        if (folds == 1) return gemm(n, c, size, m, {z, z_row, 1}, out, out_row);
        float *const field = w.field.data(), *const coefficients = w.coefficients.data();
        for (long k = 0; k < size; ++k) std::copy_n(z + order[k] * z_row, c, coefficients + k * c);
        const float *matrix = m.p, *from = coefficients;
        each_group([&](long at, long length, long count) {
            gemm(length, c, count, {matrix, 1, length}, {from, c, 1}, field + at * c, c);
            matrix += count * length, from += count * c;
        });
        each_level(c, [&](auto half, float* x, const float* waves) { from_waves<decltype(half)::value>(x, block() * c, waves); }, field);
        for (long level = 2; level < folds; level *= 2) fold(field, field + level / 2 * block() * c, level / 2 * block() * c);
        for (long j = 0; j < n / 2; ++j) {
            const float *sum = field + j * c, *difference = sum + n / 2 * c;
            float *first = out + j * out_row, *second = first + n / 2 * out_row;
            for (long i = 0; i < c; ++i) first[i] = sum[i] + difference[i], second[i] = sum[i] - difference[i];
        }
    }

    // out (size x c) from x (n x c); the transpose of the above
    void analyze(long c, const float* x, long x_row, Work& w, float* out, long out_row) const {
        if (folds == 1) return gemm(size, c, n, {m.p, m.column, m.row}, {x, x_row, 1}, out, out_row);
        float *const field = w.field.data(), *const coefficients = w.coefficients.data();
        for (long j = 0; j < n / 2; ++j) {
            const float *first = x + j * x_row, *second = first + n / 2 * x_row;
            float *sum = field + j * c, *difference = sum + n / 2 * c;
            for (long i = 0; i < c; ++i) sum[i] = first[i] + second[i], difference[i] = first[i] - second[i];
        }
        for (long level = folds / 2; level >= 2; level /= 2)
            fold(field, field + level / 2 * block() * c, level / 2 * block() * c);
        each_level(c, [&](auto half, float* x, const float* waves) { to_waves<decltype(half)::value>(x, block() * c, waves); }, field);
        const float* matrix = m.p;
        float* to = coefficients;
        each_group([&](long at, long length, long count) {
            gemm(count, c, length, {matrix, length, 1}, {field + at * c, c, 1}, to, c);
            matrix += count * length, to += count * c;
        });
        for (long k = 0; k < size; ++k) std::copy_n(coefficients + k * c, c, out + order[k] * out_row);
    }

   private:
    // Of 2 HALF blocks of differences the cosine and sine sums of HALF odd frequencies, in turn. For odd s the cosines of the blocks
    // b and 2 HALF - b have opposite signs, the sines the same.
    template <int HALF>
    static void to_waves(float* x, long q, const float* waves) {
        each_vector(q, [&](long i, auto get, auto put) {
            Vec u[HALF], v[HALF];
            u[0] = get(x + i), v[0] = get(x + HALF * q + i);
            for (int b = 1; b < HALF; ++b) {
                const Vec first = get(x + b * q + i), second = get(x + (2 * HALF - b) * q + i);
                u[b] = first - second, v[HALF - b] = first + second;
            }
            for (int s = 0; s < HALF; ++s) {
                Vec cosine = waves[s * HALF] * u[0], sine = waves[(HALF + s) * HALF] * v[0];
                for (int b = 1; b < HALF; ++b) cosine += waves[s * HALF + b] * u[b], sine += waves[(HALF + s) * HALF + b] * v[b];
                put(x + 2 * s * q + i, cosine), put(x + (2 * s + 1) * q + i, sine);
            }
        });
    }

    // The transpose of the above.
    template <int HALF>
    static void from_waves(float* x, long q, const float* waves) {
        each_vector(q, [&](long i, auto get, auto put) {
            Vec u[HALF], v[HALF], e[HALF], f[HALF];
            for (int s = 0; s < HALF; ++s) u[s] = get(x + 2 * s * q + i), v[s] = get(x + (2 * s + 1) * q + i);
            for (int b = 0; b < HALF; ++b) {
                e[b] = waves[b] * u[0], f[b] = waves[HALF * HALF + b] * v[0];
                for (int s = 1; s < HALF; ++s) e[b] += waves[s * HALF + b] * u[s], f[b] += waves[(HALF + s) * HALF + b] * v[s];
            }
            put(x + i, e[0]), put(x + HALF * q + i, f[0]);
            for (int b = 1; b < HALF; ++b)
                put(x + b * q + i, e[b] + f[HALF - b]), put(x + (2 * HALF - b) * q + i, f[HALF - b] - e[b]);
        });
    }

    template <class F>
    static void each_vector(long count, F f) {
        long i = 0;
        for (; i + kLanes <= count; i += kLanes) f(i, load, store);
        if (const long lanes = count - i)
            f(i, [lanes](const float* p) { return load_part(p, lanes); }, [lanes](float* p, Vec v) { store_part(p, v, lanes); });
    }

    // Half the number of blocks of differences, where they begin and their matrices, for each level with other than sums.
    template <class F>
    void each_level(long c, F f, float* field) const {
        const long q = block() * c;
        const float* waves = odd;
        const auto level = [&](auto half) {
            constexpr long kHalf = decltype(half)::value;
            if (folds < 4 * kHalf) return;
            f(half, field + 2 * kHalf * q, waves);
            waves += 2 * kHalf * kHalf;
        };
        level(std::integral_constant<int, 2>{}), level(std::integral_constant<int, 4>{}), level(std::integral_constant<int, 8>{});
    }

    // Where the sums of each r begin, how many they are, and its functions.
    template <class F>
    void each_group(F f) const {
        const long q = block();
        for (long g = 0, at = 0; g <= folds / 2; ++g) {
            const long length = g < 2 ? q : 2 * q;
            f(at, length, counts[g]);
            at += length;
        }
    }
};

}  // namespace neurop
