// The pointwise part of a Fourier block, an MLP and a linear layer, forward and backward, a stretch of points at a time.
// Between reading a field and writing one, nothing leaves the first levels of cache. Plain C interface; float32; sizes are int64.
// Every function takes the number of threads first. Parameter sums are added to, and begin at zero.
#include <omp.h>

#include <algorithm>
#include <vector>

#include "simd.hpp"

using namespace neurop;

namespace {

using Size = std::int64_t;
using Buffer = std::vector<float>;

constexpr long kPoints = 64;  // per step: a few buffers of this many points fill the first level of cache
constexpr long kFlush = 16;   // steps after which partial sums are put aside, so that rounding does not grow with the field

void gelu_all(float* x, float* slope, long count) {
    Vec d;
    long i = 0;
    for (; i + kLanes <= count; i += kLanes) {
        store(x + i, gelu(load(x + i), d));
        if (slope) store(slope + i, d);
    }
    if (i == count) return;
    store_part(x + i, gelu(load_part(x + i, count - i), d), count - i);
    if (slope) store_part(slope + i, d, count - i);
}

void multiply(float* x, const float* y, long count) {
    for (long i = 0; i < count; ++i) x[i] *= y[i];
}

void add(float* x, const float* y, long count) {
    for (long i = 0; i < count; ++i) x[i] += y[i];
}

// (x, y) to (x + y, x - y)
void fold(float* x, float* y, long count) {
    for (long i = 0; i < count; ++i) {
        const float sum = x[i] + y[i];
        y[i] = x[i] - y[i];
        x[i] = sum;
    }
}

// The functions of an axis at its points: element (point, function) of `m`. Where `order` is given, the functions repeat
// (the first `even` of that order) or change sign (the rest) after n / 2 points; `m` then holds half the points, the
// functions in that order, and a transform costs half the work.
struct Functions {
    long n, size, even;
    View m;
    const Size* order;

    long half() const { return n / 2; }

    // out (n x c) = sum over functions of z (size x c); `scratch` holds size x c
    void synthesize(long c, const float* z, float* scratch, float* out) const {
        if (!order) return gemm(n, c, size, m, {z, c, 1}, out, c);
        for (long k = 0; k < size; ++k) std::copy_n(z + order[k] * c, c, scratch + k * c);
        gemm(half(), c, even, m, {scratch, c, 1}, out, c);
        gemm(half(), c, size - even, {m.p + even * m.column, m.row, m.column}, {scratch + even * c, c, 1}, out + half() * c, c);
        fold(out, out + half() * c, half() * c);
    }

    // out (size x c) = sum over points of x (n x c), which is lost; `scratch` as above
    void analyze(long c, float* x, float* scratch, float* out) const {
        const View t{m.p, m.column, m.row};
        if (!order) return gemm(size, c, n, t, {x, c, 1}, out, c);
        fold(x, x + half() * c, half() * c);
        gemm(even, c, half(), t, {x, c, 1}, scratch, c);
        gemm(size - even, c, half(), {m.p + even * m.column, t.row, t.column}, {x + half() * c, c, 1}, scratch + even * c, c);
        for (long k = 0; k < size; ++k) std::copy_n(scratch + k * c, c, out + order[k] * c);
    }
};

// Gradient sums of a linear layer in one thread.
struct Sums {
    long in, out, steps = 0;
    Buffer part_w, part_b, w, b;

    Sums(long in_, long out_) : in(in_), out(out_), part_w(in * out), part_b(out), w(in * out), b(out) {}

    // Of a layer with input x (points x in) and output gradient g (points x out).
    void collect(long points, const float* g, const float* x) {
        gemm(out, in, points, {g, 1, out}, {x, in, 1}, part_w.data(), in, part_w.data(), in);
        for (long i = 0; i < points; ++i) add(part_b.data(), g + i * out, out);
        if (++steps % kFlush == 0) flush();
    }

    void flush() {
        add(w.data(), part_w.data(), in * out), add(b.data(), part_b.data(), out);
        std::fill(part_w.begin(), part_w.end(), 0.0f), std::fill(part_b.begin(), part_b.end(), 0.0f);
    }

    void add_to(float* const* sums) {
        flush();
        add(sums[0], w.data(), in * out), add(sums[1], b.data(), out);
    }
};

// Two layers; `t` marks a transposed copy, (in x hidden) and (hidden x out).
struct Mlp {
    long in, hidden, out;
    const float *w1, *w1t, *b1, *w2, *w2t, *b2;

    Mlp(long in_, long hidden_, long out_, const float* const* p)
        : in(in_), hidden(hidden_), out(out_), w1(p[0]), w1t(p[1]), b1(p[2]), w2(p[3]), w2t(p[4]), b2(p[5]) {}

    // y = W2 GELU(W1 h + b1) + b2, with u (points x hidden) as scratch
    void forward(long points, const float* h, float* u, float* y) const {
        gemm(points, hidden, in, {h, in, 1}, {w1t, hidden, 1}, u, hidden, b1, 0);
        gelu_all(u, nullptr, points * hidden);
        gemm(points, out, hidden, {u, hidden, 1}, {w2t, out, 1}, y, out, b2, 0);
    }
};

// The backward pass of an MLP in one thread.
struct MlpBackward {
    const Mlp& m;
    Sums first, second;
    Buffer u, slope, g;

    explicit MlpBackward(const Mlp& mlp)
        : m(mlp), first(m.in, m.hidden), second(m.hidden, m.out), u(kPoints * m.hidden), slope(u.size()), g(u.size()) {}

    // gh (points x in) from g_out (points x out), at input h
    void step(long points, const float* h, const float* g_out, float* gh) {
        gemm(points, m.hidden, m.in, {h, m.in, 1}, {m.w1t, m.hidden, 1}, u.data(), m.hidden, m.b1, 0);
        gelu_all(u.data(), slope.data(), points * m.hidden);
        second.collect(points, g_out, u.data());
        gemm(points, m.hidden, m.out, {g_out, m.out, 1}, {m.w2, m.hidden, 1}, g.data(), m.hidden);
        multiply(g.data(), slope.data(), points * m.hidden);
        first.collect(points, g.data(), h);
        gemm(points, m.in, m.hidden, {g.data(), m.hidden, 1}, {m.w1, m.in, 1}, gh, m.in);
    }

    void add_to(float* const* sums) { first.add_to(sums), second.add_to(sums + 2); }
};

// Call `f` in each thread of a team in turn, so that sums over threads have one order.
template <class F>
void in_turn(F f) {
    for (int t = 0; t < omp_get_num_threads(); ++t) {
#pragma omp barrier
        if (t == omp_get_thread_num()) f();
    }
}

}  // namespace

extern "C" {

// y = x + MLP(GELU(S z + W x + b)); ahead = A y, and kept = what goes into the first GELU, each left out where null.
// sizes: rows, n, channels, hidden, size of z, size of ahead, even functions of each; `wt` is W transposed.
// S is (points x functions), A (functions x points), each with its order (null: as it is).
void neurop_block_forward(int threads, const Size* sizes, const float* x, const float* z, const float* s, const Size* s_order, const float* a,
                          const Size* a_order, const float* wt, const float* b, const float* const* mlp, float* y, float* ahead,
                          float* kept) {
    const long rows = sizes[0], n = sizes[1], c = sizes[2], hidden = sizes[3], kz = sizes[4], ka = sizes[5];
    const Functions from{n, kz, sizes[6], {s, kz, 1}, s_order}, to{n, ka, sizes[7], {a, 1, a_order ? n / 2 : n}, a_order};
    const Mlp m(c, hidden, c, mlp);
#pragma omp parallel num_threads(threads)
    {
        Buffer field(n * c), h(kPoints * c), u(kPoints * hidden), coefficients(std::max(kz, ka) * c);
#pragma omp for schedule(static)
        for (long r = 0; r < rows; ++r) {
            const float* xr = x + r * n * c;
            float* yr = y + r * n * c;
            from.synthesize(c, z + r * kz * c, coefficients.data(), field.data());
            for (long p = 0; p < n; p += kPoints) {
                const long points = std::min(kPoints, n - p);
                gemm(points, c, c, {xr + p * c, c, 1}, {wt, c, 1}, h.data(), c, b, 0);
                add(h.data(), field.data() + p * c, points * c);
                if (kept) std::copy_n(h.data(), points * c, kept + (r * n + p) * c);
                gelu_all(h.data(), nullptr, points * c);
                m.forward(points, h.data(), u.data(), yr + p * c);
                add(yr + p * c, xr + p * c, points * c);
            }
            if (!ahead) continue;
            std::copy_n(yr, n * c, field.data());
            to.analyze(c, field.data(), coefficients.data(), ahead + r * ka * c);
        }
    }
}

// Gradients of the above from those of y (g) and of ahead (g_ahead; null: none); sums of W, b and the MLP's four.
void neurop_block_backward(int threads, const Size* sizes, const float* x, const float* kept, const float* s, const Size* s_order,
                           const float* a, const Size* a_order, const float* w, const float* const* mlp, const float* g,
                           const float* g_ahead, float* gx, float* gz, float* const* sums) {
    const long rows = sizes[0], n = sizes[1], c = sizes[2], hidden = sizes[3], kz = sizes[4], ka = sizes[5];
    const Functions from{n, kz, sizes[6], {s, kz, 1}, s_order}, to{n, ka, sizes[7], {a, 1, a_order ? n / 2 : n}, a_order};
    const Mlp m(c, hidden, c, mlp);
#pragma omp parallel num_threads(threads)
    {
        MlpBackward inner(m);
        Sums skip(c, c);
        Buffer total(n * c), ga(n * c), h(kPoints * c), slope(h.size()), coefficients(std::max(kz, ka) * c);
#pragma omp for schedule(static)
        for (long r = 0; r < rows; ++r) {
            const float* gr = g + r * n * c;
            if (g_ahead) {
                to.synthesize(c, g_ahead + r * ka * c, coefficients.data(), total.data());
                add(total.data(), gr, n * c);
                gr = total.data();
            }
            for (long p = 0; p < n; p += kPoints) {
                const long points = std::min(kPoints, n - p), at = (r * n + p) * c;
                float* gap = ga.data() + p * c;
                std::copy_n(kept + at, points * c, h.data());
                gelu_all(h.data(), slope.data(), points * c);
                inner.step(points, h.data(), gr + p * c, gap);
                multiply(gap, slope.data(), points * c);
                skip.collect(points, gap, x + at);
                gemm(points, c, c, {gap, c, 1}, {w, c, 1}, gx + at, c, gr + p * c, c);
            }
            from.analyze(c, ga.data(), coefficients.data(), gz + r * kz * c);
        }
        in_turn([&] { skip.add_to(sums), inner.add_to(sums + 2); });
    }
}

// y = W2 GELU(W1 x + b1) + b2; sizes: points, in, hidden, out.
void neurop_mlp_forward(int threads, const Size* sizes, const float* x, const float* const* mlp, float* y) {
    const Mlp m(sizes[1], sizes[2], sizes[3], mlp);
#pragma omp parallel num_threads(threads)
    {
        Buffer u(kPoints * m.hidden);
#pragma omp for schedule(static)
        for (long p = 0; p < sizes[0]; p += kPoints) m.forward(std::min(kPoints, sizes[0] - p), x + p * m.in, u.data(), y + p * m.out);
    }
}

// Gradients of the above; gx is written.
void neurop_mlp_backward(int threads, const Size* sizes, const float* x, const float* const* mlp, const float* g, float* gx,
                         float* const* sums) {
    const Mlp m(sizes[1], sizes[2], sizes[3], mlp);
#pragma omp parallel num_threads(threads)
    {
        MlpBackward inner(m);
#pragma omp for schedule(static)
        for (long p = 0; p < sizes[0]; p += kPoints)
            inner.step(std::min(kPoints, sizes[0] - p), x + p * m.in, g + p * m.out, gx + p * m.in);
        in_turn([&] { inner.add_to(sums); });
    }
}

// Values at points from coefficients, or back, along the last grid axis of a field; see Functions.
// sizes: rows, n, size, even, channels, strides of the matrix from point to point and from function to function, whether to synthesize.
void neurop_rows(int threads, const Size* sizes, const float* m, const Size* order, const float* x, float* y) {
    const long rows = sizes[0], n = sizes[1], size = sizes[2], c = sizes[4];
    const Functions f{n, size, sizes[3], {m, sizes[5], sizes[6]}, order};
#pragma omp parallel num_threads(threads)
    {
        Buffer field(sizes[7] ? 0 : n * c), coefficients(size * c);
#pragma omp for schedule(static)
        for (long r = 0; r < rows; ++r) {
            if (sizes[7]) {
                f.synthesize(c, x + r * size * c, coefficients.data(), y + r * n * c);
            } else {
                std::copy_n(x + r * n * c, n * c, field.data());
                f.analyze(c, field.data(), coefficients.data(), y + r * size * c);
            }
        }
    }
}

// Gradients of W x + b: gx (null: left out) is written; sums of W and b. sizes: points, in, out.
void neurop_linear_backward(int threads, const Size* sizes, const float* x, const float* w, const float* g, float* gx, float* const* sums) {
    const long all = sizes[0], in = sizes[1], out = sizes[2];
#pragma omp parallel num_threads(threads)
    {
        Sums layer(in, out);
#pragma omp for schedule(static)
        for (long p = 0; p < all; p += kPoints) {
            const long points = std::min(kPoints, all - p);
            layer.collect(points, g + p * out, x + p * in);
            if (gx) gemm(points, in, out, {g + p * out, out, 1}, {w, in, 1}, gx + p * in, in);
        }
        in_turn([&] { layer.add_to(sums); });
    }
}
}
