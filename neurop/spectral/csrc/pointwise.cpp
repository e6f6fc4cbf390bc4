// The pointwise part of a Fourier block, an MLP and a linear layer, forward and backward, a stretch of points at a time.
// Between reading a field and writing one, nothing leaves the first levels of cache. Plain C interface; float32; sizes are int64.
// Every function takes the number of threads first. Parameter sums are added to, and begin at zero.
#include <omp.h>

#include <algorithm>
#include <vector>

#include "axis.hpp"

using namespace neurop;

namespace {

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

// sizes: n, size, folds, strides of the matrix from point to point and from function to function; arrays as in Functions.
Functions functions(const Size* sizes, const void* const* arrays) {
    return {sizes[0],
            sizes[1],
            sizes[2],
            {static_cast<const float*>(arrays[0]), sizes[3], sizes[4]},
            static_cast<const Size*>(arrays[1]),
            static_cast<const Size*>(arrays[2]),
            static_cast<const float*>(arrays[3])};
}

// out (n x c) from z (size x c)
void synthesize(const Functions& f, long c, const float* z, Work& work, float* out) {
    const long width = f.columns(c);
    for (long i = 0; i < c; i += width) f.synthesize(std::min(width, c - i), z + i, c, work, out + i, c);
}

// out (size x c) from x (n x c)
void analyze(const Functions& f, long c, const float* x, Work& work, float* out) {
    const long width = f.columns(c);
    for (long i = 0; i < c; i += width) f.analyze(std::min(width, c - i), x + i, c, work, out + i, c);
}

void multiply(float* x, const float* y, long count) {
    for (long i = 0; i < count; ++i) x[i] *= y[i];
}

void add(float* x, const float* y, long count) {
    for (long i = 0; i < count; ++i) x[i] += y[i];
}

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
// sizes: rows, channels, hidden, those of S and of A; `wt` is W transposed. Without folds S is (points x functions), A (functions x
// points).
void neurop_block_forward(int threads, const Size* sizes, const float* x, const float* z, const void* const* s, const void* const* a,
                          const float* wt, const float* b, const float* const* mlp, float* y, float* ahead, float* kept) {
    const long rows = sizes[0], c = sizes[1], hidden = sizes[2];
    const Functions from = functions(sizes + 3, s), to = functions(sizes + 8, a);
    const long n = from.n, kz = from.size, ka = to.size;
    const Mlp m(c, hidden, c, mlp);
#pragma omp parallel num_threads(team(threads, rows * n * c))
    {
        Work work(n, std::max(kz, ka), from.columns(c));
        Buffer field(n * c), h(kPoints * c), u(kPoints * hidden);
#pragma omp for schedule(static)
        for (long r = 0; r < rows; ++r) {
            const float* xr = x + r * n * c;
            float* yr = y + r * n * c;
            synthesize(from, c, z + r * kz * c, work, field.data());
            for (long p = 0; p < n; p += kPoints) {
                const long points = std::min(kPoints, n - p);
                gemm(points, c, c, {xr + p * c, c, 1}, {wt, c, 1}, h.data(), c, b, 0);
                add(h.data(), field.data() + p * c, points * c);
                if (kept) std::copy_n(h.data(), points * c, kept + (r * n + p) * c);
                gelu_all(h.data(), nullptr, points * c);
                m.forward(points, h.data(), u.data(), yr + p * c);
                add(yr + p * c, xr + p * c, points * c);
            }
            if (ahead) analyze(to, c, yr, work, ahead + r * ka * c);
        }
    }
}

// Gradients of the above from those of y (g) and of ahead (g_ahead; null: none); sums of W, b and the MLP's four.
void neurop_block_backward(int threads, const Size* sizes, const float* x, const float* kept, const void* const* s, const void* const* a,
                           const float* w, const float* const* mlp, const float* g, const float* g_ahead, float* gx, float* gz,
                           float* const* sums) {
    const long rows = sizes[0], c = sizes[1], hidden = sizes[2];
    const Functions from = functions(sizes + 3, s), to = functions(sizes + 8, a);
    const long n = from.n, kz = from.size, ka = to.size;
    const Mlp m(c, hidden, c, mlp);
#pragma omp parallel num_threads(team(threads, rows * n * c))
    {
        MlpBackward inner(m);
        Sums skip(c, c);
        Work work(n, std::max(kz, ka), from.columns(c));
        Buffer total(n * c), ga(n * c), h(kPoints * c), slope(h.size());
#pragma omp for schedule(static)
        for (long r = 0; r < rows; ++r) {
            const float* gr = g + r * n * c;
            if (g_ahead) {
                synthesize(to, c, g_ahead + r * ka * c, work, total.data());
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
            analyze(from, c, ga.data(), work, gz + r * kz * c);
        }
        in_turn([&] { skip.add_to(sums), inner.add_to(sums + 2); });
    }
}

// y = W2 GELU(W1 x + b1) + b2; sizes: points, in, hidden, out.
void neurop_mlp_forward(int threads, const Size* sizes, const float* x, const float* const* mlp, float* y) {
    const Mlp m(sizes[1], sizes[2], sizes[3], mlp);
#pragma omp parallel num_threads(team(threads, sizes[0] * m.in))
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
#pragma omp parallel num_threads(team(threads, sizes[0] * m.in))
    {
        MlpBackward inner(m);
#pragma omp for schedule(static)
        for (long p = 0; p < sizes[0]; p += kPoints)
            inner.step(std::min(kPoints, sizes[0] - p), x + p * m.in, g + p * m.out, gx + p * m.in);
        in_turn([&] { inner.add_to(sums); });
    }
}

// Values at points from coefficients, or back, along one axis: (lines, size, columns) to (lines, n, columns); see Functions.
// sizes: lines, columns, whether to synthesize, those of the functions.
void neurop_rows(int threads, const Size* sizes, const void* const* functions_, const float* x, float* y) {
    const long lines = sizes[0], all = sizes[1];
    const Functions f = functions(sizes + 3, functions_);
    const long width = f.columns(all), tiles = (all + width - 1) / width;
#pragma omp parallel num_threads(team(threads, lines * f.n * all))
    {
        Work work(f.n, f.size, width);
#pragma omp for schedule(static)
        for (long t = 0; t < lines * tiles; ++t) {
            const long at = t / tiles * all, first = t % tiles * width, c = std::min(width, all - first);
            if (sizes[2])
                f.synthesize(c, x + at * f.size + first, all, work, y + at * f.n + first, all);
            else
                f.analyze(c, x + at * f.n + first, all, work, y + at * f.size + first, all);
        }
    }
}

// The same for channels that are first in memory at the points: (batch, lines, size, channels) to (batch, channels, lines, n).
// sizes: batch, channels, lines, whether to synthesize, those of the functions.
void neurop_rows_first(int threads, const Size* sizes, const void* const* functions_, const float* x, float* y) {
    const long batch = sizes[0], all = sizes[1], lines = sizes[2];
    const Functions f = functions(sizes + 4, functions_);
    const long width = f.columns(all), tiles = (all + width - 1) / width, plane = lines * f.n;
#pragma omp parallel num_threads(team(threads, batch * lines * f.n * all))
    {
        Work work(f.n, f.size, width);
        Buffer field(f.n * width);
#pragma omp for schedule(static)
        for (long t = 0; t < batch * lines * tiles; ++t) {
            const long line = t / tiles, first = t % tiles * width, c = std::min(width, all - first);
            const long at = (line / lines * all + first) * plane + line % lines * f.n, coefficient = line * f.size * all + first;
            if (sizes[3]) {
                f.synthesize(c, x + coefficient, all, work, field.data(), c);
                transpose(f.n, c, field.data(), c, y + at, plane);
            } else {
                transpose(c, f.n, x + at, plane, field.data(), c);
                f.analyze(c, field.data(), c, work, y + coefficient, all);
            }
        }
    }
}

// Gradients of W x + b: gx (null: left out) is written; sums of W and b. sizes: points, in, out.
void neurop_linear_backward(int threads, const Size* sizes, const float* x, const float* w, const float* g, float* gx, float* const* sums) {
    const long all = sizes[0], in = sizes[1], out = sizes[2];
#pragma omp parallel num_threads(team(threads, all * in))
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
