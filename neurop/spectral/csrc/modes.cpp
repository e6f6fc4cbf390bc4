// Channel mixing of packed real Fourier coefficients, mode by mode, forward and backward. Plain C interface; float32; sizes are int64.
//
// A complex number is held as p - i q. For the frequencies +-k of an axis, with coefficients c of the cosine and s of the sine,
// Z(+k) = c - i s and Z(-k) = c + i s; back, c = (Z(+k) + Z(-k)) / 2 and s = i (Z(+k) - Z(-k)) / 2.
#include <omp.h>

#include <algorithm>
#include <vector>

#include "simd.hpp"

using namespace neurop;

namespace {

using Size = std::int64_t;

constexpr int kAxes = 3;
constexpr int kSigns = 1 << (kAxes - 1);

struct Layout {
    long batch, in, out, axes;
    long modes[kAxes], kept[kAxes];  // of the weights; of the coefficients, at most as many

    explicit Layout(const Size* s) : batch(s[0]), in(s[1]), out(s[2]), axes(s[3]) {
        for (int i = 0; i < axes; ++i) modes[i] = s[4 + i], kept[i] = s[4 + axes + i];
    }
    long count() const {
        long n = 1;
        for (int i = 0; i < axes; ++i) n *= kept[i];
        return n;
    }
    long packed() const {
        long n = 1;
        for (int i = 0; i < axes; ++i) n *= 2 * kept[i] - 1;
        return n;
    }
};

// The coefficients that share |k| on every axis.
struct Mode {
    const Layout& l;
    long k[kAxes], bits[kAxes];  // bits: the leading axes with both signs
    int both = 0;

    Mode(const Layout& layout, long index) : l(layout) {
        for (int i = int(l.axes) - 1; i >= 0; --i) k[i] = index % l.kept[i], index /= l.kept[i];
        for (int i = 0; i + 1 < l.axes; ++i)
            if (k[i]) bits[both++] = i;
    }
    int signs() const { return 1 << both; }
    bool real() const { return k[l.axes - 1] == 0; }  // no sine along the last axis

    // Where the packed coefficient lies whose leading axes of `sines` (one bit per entry of `bits`) are sines.
    long position(int sines, bool last) const {
        long at = 0;
        for (int i = 0, b = 0; i < l.axes; ++i) {
            const bool sine = i + 1 == l.axes ? last : (k[i] ? (sines >> b++) & 1 : 0);
            at = at * (2 * l.kept[i] - 1) + (sine ? l.kept[i] + k[i] - 1 : k[i]);
        }
        return at;
    }
    // Where the weights of these signs lie, counted in modes.
    long weight(int minus) const {
        long at = 0;
        for (int i = 0, b = 0; i < l.axes; ++i) {
            const bool negative = i + 1 < l.axes && k[i] && ((minus >> b++) & 1);
            const long size = i + 1 == l.axes ? l.modes[i] : 2 * l.modes[i] - 1;
            at = at * size + (negative ? l.modes[i] + k[i] - 1 : k[i]);
        }
        return at;
    }

    // z[sign][p, q][batch][channels] from the packed coefficients
    void read(const float* c, long channels, float* z) const {
        const long plane = l.batch * channels, sample = l.packed() * channels;
        for (int s = 0; s < signs(); ++s)
            for (int part = 0; part < 2; ++part) {
                float* to = z + (2 * s + part) * plane;
                if (part && real()) {
                    std::fill_n(to, plane, 0.0f);
                    continue;
                }
                const float* from = c + position(s, part) * channels;
                for (long b = 0; b < l.batch; ++b) std::copy_n(from + b * sample, channels, to + b * channels);
            }
    }
    void write(const float* z, long channels, float* c) const {
        const long plane = l.batch * channels, sample = l.packed() * channels;
        for (int s = 0; s < signs(); ++s)
            for (int part = 0; part < (real() ? 1 : 2); ++part) {
                float* to = c + position(s, part) * channels;
                const float* from = z + (2 * s + part) * plane;
                for (long b = 0; b < l.batch; ++b) std::copy_n(from + b * channels, channels, to + b * sample);
            }
    }
    // Cosine and sine to +k and -k along every axis with both, times `scale` per axis; or back, which is the adjoint up to a factor.
    void split(float* z, long channels, float scale) const {
        each_pair(z, channels, [scale](float& cp, float& cq, float& sp, float& sq) {
            const float a = cp - sq, b = cq + sp, c = cp + sq, d = cq - sp;
            cp = scale * a, cq = scale * b, sp = scale * c, sq = scale * d;
        });
    }
    void join(float* z, long channels, float scale) const {
        each_pair(z, channels, [scale](float& pp, float& pq, float& mp, float& mq) {
            const float a = pp + mp, b = pq + mq, c = pq - mq, d = mp - pp;
            pp = scale * a, pq = scale * b, mp = scale * c, mq = scale * d;
        });
    }

   private:
    template <class F>
    void each_pair(float* z, long channels, F f) const {
        const long plane = l.batch * channels;
        for (int b = 0; b < both; ++b)
            for (int s = 0; s < signs(); ++s) {
                if ((s >> b) & 1) continue;
                float *first = z + 2 * s * plane, *second = z + 2 * (s | (1 << b)) * plane;
                for (long i = 0; i < plane; ++i) f(first[i], first[plane + i], second[i], second[plane + i]);
            }
    }
};

}  // namespace

extern "C" {

// y (batch, packed, out) from c (batch, packed, in) and the weights (*signed modes, in, 2, out).
// sizes: batch, in, out, axes, modes of the weights per axis, modes of c per axis.
void neurop_mix_forward(int threads, const Size* sizes, const float* c, const float* weight, float* y) {
    const Layout l(sizes);
    const long rows = 2 * l.batch, block = l.in * 2 * l.out;
#pragma omp parallel num_threads(team(threads, l.count() * block))
    {
        std::vector<float> z(kSigns * rows * l.in), r(kSigns * rows * l.out), product(rows * 2 * l.out);
#pragma omp for schedule(static)
        for (long index = 0; index < l.count(); ++index) {
            const Mode mode(l, index);
            mode.read(c, l.in, z.data());
            mode.split(z.data(), l.in, 1.0f);
            for (int s = 0; s < mode.signs(); ++s) {
                gemm(rows, 2 * l.out, l.in, {z.data() + s * rows * l.in, l.in, 1}, {weight + mode.weight(s) * block, 2 * l.out, 1},
                     product.data(), 2 * l.out);
                // (a + i b) (p - i q) = (a p + b q) - i (a q - b p)
                float* p = r.data() + s * rows * l.out;
                float* q = p + l.batch * l.out;
                for (long b = 0; b < l.batch; ++b) {
                    const float* of_p = product.data() + b * 2 * l.out;
                    const float* of_q = of_p + l.batch * 2 * l.out;
                    for (long o = 0; o < l.out; ++o) {
                        p[b * l.out + o] = of_p[o] + of_q[l.out + o];
                        q[b * l.out + o] = of_q[o] - of_p[l.out + o];
                    }
                }
            }
            mode.join(r.data(), l.out, 0.5f);
            mode.write(r.data(), l.out, y);
        }
    }
}

// Gradients of the above: gc is written, and gw at the modes of c.
void neurop_mix_backward(int threads, const Size* sizes, const float* c, const float* weight, const float* g, float* gc, float* gw) {
    const Layout l(sizes);
    const long rows = 2 * l.batch, block = l.in * 2 * l.out;
#pragma omp parallel num_threads(team(threads, 2 * l.count() * block))
    {
        std::vector<float> z(kSigns * rows * l.in), r(kSigns * rows * l.out), pairs(rows * 2 * l.out), turned(pairs.size()), gz(rows * l.in);
#pragma omp for schedule(static)
        for (long index = 0; index < l.count(); ++index) {
            const Mode mode(l, index);
            mode.read(c, l.in, z.data());
            mode.split(z.data(), l.in, 1.0f);
            mode.read(g, l.out, r.data());
            mode.split(r.data(), l.out, 0.5f);
            for (int s = 0; s < mode.signs(); ++s) {
                const float* p = r.data() + s * rows * l.out;
                const float* q = p + l.batch * l.out;
                for (long b = 0; b < l.batch; ++b) {
                    float* of_p = pairs.data() + b * 2 * l.out;
                    float* of_q = of_p + l.batch * 2 * l.out;
                    for (long o = 0; o < l.out; ++o) {
                        of_p[o] = of_q[l.out + o] = p[b * l.out + o];
                        of_q[o] = q[b * l.out + o];
                        of_p[l.out + o] = -q[b * l.out + o];
                    }
                }
                const long at = mode.weight(s) * block;
                float* zs = z.data() + s * rows * l.in;
                gemm(l.in, 2 * l.out, rows, {zs, 1, l.in}, {pairs.data(), 2 * l.out, 1}, gw + at, 2 * l.out);
                // The gradient of z is pairs W^T, taken as the transpose of W pairs^T.
                for (long i = 0; i < rows; ++i)
                    for (long o = 0; o < 2 * l.out; ++o) turned[o * rows + i] = pairs[i * 2 * l.out + o];
                gemm(l.in, rows, 2 * l.out, {weight + at, 2 * l.out, 1}, {turned.data(), rows, 1}, gz.data(), rows);
                for (long i = 0; i < rows; ++i)
                    for (long k = 0; k < l.in; ++k) zs[i * l.in + k] = gz[k * rows + i];
            }
            mode.join(z.data(), l.in, 1.0f);
            mode.write(z.data(), l.in, gc);
        }
    }
}
}
