// The convolution on the sphere between two transforms in longitude, order by order: Legendre analysis, one matrix per degree, Legendre
// synthesis. Plain C interface; float32; sizes are int64.
//
// A Legendre function of degree l and order m is even about the equator for even l - m, else odd, and there is none below l = m. So
// sums and differences of the two hemispheres and half of the latitudes do, a fourth of the products of all degrees and latitudes.
#include <omp.h>

#include <algorithm>
#include <vector>

#include "simd.hpp"

using namespace neurop;

namespace {

using Size = std::int64_t;
using Buffer = std::vector<float>;

// Even, then odd functions of each order, (degree x latitude of one hemisphere), the order m at offsets[m].
struct Latitudes {
    long n, degrees;
    const float* matrices;
    const Size* offsets;

    long even_points() const { return (n + 1) / 2; }
    long odd_points() const { return n / 2; }
    long even_degrees(long m) const { return (degrees - m + 1) / 2; }
    long odd_degrees(long m) const { return (degrees - m) / 2; }

    // z (degrees - m x columns), even functions first, from the hemispheres' sums and differences (n x columns)
    void analyze(long m, long columns, const float* folded, float* z) const {
        const float *even = matrices + offsets[m], *odd = even + even_degrees(m) * even_points();
        gemm(even_degrees(m), columns, even_points(), {even, even_points(), 1}, {folded, columns, 1}, z, columns);
        gemm(odd_degrees(m), columns, odd_points(), {odd, odd_points(), 1}, {folded + even_points() * columns, columns, 1},
             z + even_degrees(m) * columns, columns);
    }
    void synthesize(long m, long columns, const float* z, float* folded) const {
        const float *even = matrices + offsets[m], *odd = even + even_degrees(m) * even_points();
        gemm(even_points(), columns, even_degrees(m), {even, 1, even_points()}, {z, columns, 1}, folded, columns);
        gemm(odd_points(), columns, odd_degrees(m), {odd, 1, odd_points()}, {z + even_degrees(m) * columns, columns, 1},
             folded + even_points() * columns, columns);
    }
    // The degree of a row of z.
    long degree(long m, long row) const { return row < even_degrees(m) ? m + 2 * row : m + 1 + 2 * (row - even_degrees(m)); }

    // The order m of some samples of a field (batch, n, 2 orders, channels), as sums and differences (n x samples x 2 channels).
    void read(long m, long orders, long samples, long channels, const float* field, float* folded) const {
        const long pair = 2 * channels, row = orders * pair, columns = samples * pair;
        for (long b = 0; b < samples; ++b)
            for (long j = 0; j < even_points(); ++j) {
                const float *first = field + (b * n + j) * row + m * pair, *second = field + (b * n + n - 1 - j) * row + m * pair;
                float *sum = folded + j * columns + b * pair, *difference = sum + even_points() * columns;
                if (j < odd_points())
                    for (long i = 0; i < pair; ++i) sum[i] = first[i] + second[i], difference[i] = first[i] - second[i];
                else
                    std::copy_n(first, pair, sum);
            }
    }
    void write(long m, long orders, long samples, long channels, const float* folded, float* field) const {
        const long pair = 2 * channels, row = orders * pair, columns = samples * pair;
        for (long b = 0; b < samples; ++b)
            for (long j = 0; j < even_points(); ++j) {
                float *first = field + (b * n + j) * row + m * pair, *second = field + (b * n + n - 1 - j) * row + m * pair;
                const float *sum = folded + j * columns + b * pair, *difference = sum + even_points() * columns;
                if (j < odd_points())
                    for (long i = 0; i < pair; ++i) first[i] = sum[i] + difference[i], second[i] = sum[i] - difference[i];
                else
                    std::copy_n(sum, pair, first);
            }
    }
};

struct Sizes {
    long batch, orders, degrees, in, out, parts, from, to;

    explicit Sizes(const Size* s)
        : batch(s[0]), orders(s[1]), degrees(s[2]), in(s[3]), out(s[4]), parts(s[5]), from(s[6]), to(s[7]) {}
    // Samples of one task: their columns stay in the second level of cache.
    long samples() const {
        constexpr long kFloats = 1 << 15;
        return std::clamp(kFloats / (2 * std::max(in, out) * std::max({from, to, degrees})), 1L, batch);
    }
};

// Gradients of a degree's output (cosine, sine) as rows (cosine, -sine) and (sine, cosine): the product with W^T is that of z. With
// real weights the rows as they are.
void pair_up(long rows, const Sizes& s, const float* g, float* pairs) {
    if (s.parts == 1) {
        std::copy_n(g, rows * s.out, pairs);
        return;
    }
    for (long b = 0; b < rows; b += 2) {
        const float *cosine = g + b * s.out, *sine = cosine + s.out;
        float *first = pairs + b * 2 * s.out, *second = first + 2 * s.out;
        for (long o = 0; o < s.out; ++o)
            first[o] = second[s.out + o] = cosine[o], second[o] = sine[o], first[s.out + o] = -sine[o];
    }
}

}  // namespace

extern "C" {

// y (batch, latitudes', 2 orders, out) from x (batch, latitudes, 2 orders, in) and the weights (degrees, in, parts, out).
// sizes: batch, orders, degrees, in, out, parts, latitudes, latitudes'. Matrices and offsets of the analysis, then of the synthesis.
void neurop_sphere_forward(int threads, const Size* sizes, const float* x, const void* const* analysis, const void* const* synthesis,
                           const float* weight, float* y) {
    const Sizes s(sizes);
    const Latitudes from{s.from, s.degrees, static_cast<const float*>(analysis[0]), static_cast<const Size*>(analysis[1])};
    const Latitudes to{s.to, s.degrees, static_cast<const float*>(synthesis[0]), static_cast<const Size*>(synthesis[1])};
    const long most = s.samples(), tiles = (s.batch + most - 1) / most, wide = s.parts * s.out;
#pragma omp parallel num_threads(team(threads, s.batch * s.orders * s.degrees * s.in))
    {
        Buffer folded(most * 2 * std::max(s.from * s.in, s.to * s.out)), z(s.degrees * most * 2 * s.in), r(s.degrees * most * 2 * s.out),
            product(most * 2 * wide);
#pragma omp for schedule(static, 1)
        for (long task = 0; task < s.orders * tiles; ++task) {
            const long m = task / tiles, first = task % tiles * most, samples = std::min(most, s.batch - first), rows = 2 * samples;
            from.read(m, s.orders, samples, s.in, x + first * s.from * 2 * s.orders * s.in, folded.data());
            from.analyze(m, rows * s.in, folded.data(), z.data());
            for (long l = 0; l < s.degrees - m; ++l) {
                const float* w = weight + from.degree(m, l) * s.in * wide;
                float* out = r.data() + l * rows * s.out;
                gemm(rows, wide, s.in, {z.data() + l * rows * s.in, s.in, 1}, {w, wide, 1}, s.parts == 1 ? out : product.data(), wide);
                if (s.parts == 1) continue;
                for (long b = 0; b < rows; b += 2) {
                    const float *of_cosine = product.data() + b * wide, *of_sine = of_cosine + wide;
                    float *cosine = out + b * s.out, *sine = cosine + s.out;
                    for (long o = 0; o < s.out; ++o)
                        cosine[o] = of_cosine[o] + of_sine[s.out + o], sine[o] = of_sine[o] - of_cosine[s.out + o];
                }
            }
            to.synthesize(m, rows * s.out, r.data(), folded.data());
            to.write(m, s.orders, samples, s.out, folded.data(), y + first * s.to * 2 * s.orders * s.out);
        }
    }
}

// Gradients of the above: gx is written, gw is added to. `turned` is the weights as (degrees, parts, out, in).
void neurop_sphere_backward(int threads, const Size* sizes, const float* g, const float* x, const void* const* analysis,
                            const void* const* synthesis, const float* turned, float* gx, float* gw) {
    const Sizes s(sizes);
    const Latitudes from{s.from, s.degrees, static_cast<const float*>(analysis[0]), static_cast<const Size*>(analysis[1])};
    const Latitudes to{s.to, s.degrees, static_cast<const float*>(synthesis[0]), static_cast<const Size*>(synthesis[1])};
    const long most = s.samples(), tiles = (s.batch + most - 1) / most, wide = s.parts * s.out, block = s.in * wide;
#pragma omp parallel num_threads(team(threads, s.batch * s.orders * s.degrees * s.in))
    {
        Buffer folded(most * 2 * std::max(s.from * s.in, s.to * s.out)), z(s.degrees * most * 2 * s.in), gz(z.size()),
            r(s.degrees * most * 2 * s.out), pairs(most * 2 * wide), sums(s.degrees * block);
#pragma omp for schedule(static, 1)
        for (long task = 0; task < s.orders * tiles; ++task) {
            const long m = task / tiles, first = task % tiles * most, samples = std::min(most, s.batch - first), rows = 2 * samples;
            from.read(m, s.orders, samples, s.in, x + first * s.from * 2 * s.orders * s.in, folded.data());
            from.analyze(m, rows * s.in, folded.data(), z.data());
            to.read(m, s.orders, samples, s.out, g + first * s.to * 2 * s.orders * s.out, folded.data());
            to.analyze(m, rows * s.out, folded.data(), r.data());
            for (long l = 0; l < s.degrees - m; ++l) {
                const long at = from.degree(m, l) * block;
                pair_up(rows, s, r.data() + l * rows * s.out, pairs.data());
                gemm(s.in, wide, rows, {z.data() + l * rows * s.in, 1, s.in}, {pairs.data(), wide, 1}, sums.data() + at, wide,
                     sums.data() + at, wide);
                gemm(rows, s.in, wide, {pairs.data(), wide, 1}, {turned + at, s.in, 1}, gz.data() + l * rows * s.in, s.in);
            }
            from.synthesize(m, rows * s.in, gz.data(), folded.data());
            from.write(m, s.orders, samples, s.in, folded.data(), gx + first * s.from * 2 * s.orders * s.in);
        }
        for (int t = 0; t < omp_get_num_threads(); ++t) {  // in turn, so that the sums have one order
#pragma omp barrier
            if (t == omp_get_thread_num())
                for (std::size_t i = 0; i < sums.size(); ++i) gw[i] += sums[i];
        }
    }
}
}
