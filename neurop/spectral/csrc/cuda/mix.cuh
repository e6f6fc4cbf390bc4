// Channel mixing of packed real Fourier coefficients; see ../modes.cpp for the arithmetic of signs.
#pragma once
#include "device.cuh"

constexpr int kAxes = 3;
constexpr int kSamples = 8;                  // of a block: rows are p and q of each
constexpr int kMixRows = 2 * kSamples;
constexpr int kMixDepth = 32, kMixColumns = 64;
constexpr int kMixRowA = kMixDepth + 4, kMixRowB = 2 * kMixColumns + 8;

struct Mix {
    const float *c, *weight;
    float* y;
    long long batch, in, out;
    long long modes[kAxes], kept[kAxes];
    long long adjoint;  // weights are taken conjugated and transposed: c has `out` channels, y has `in`
};

// The coefficients that share |k| on every axis.
template <int AXES>
struct Mode {
    int k[AXES];
    int both;  // leading axes with both signs

    NEUROP_DEVICE Mode(const Mix& m, int index) : both(0) {
#pragma unroll
        for (int i = AXES - 1; i >= 0; --i) k[i] = index % int(m.kept[i]), index /= int(m.kept[i]);
#pragma unroll
        for (int i = 0; i + 1 < AXES; ++i) both += k[i] > 0;
    }
    NEUROP_DEVICE bool real() const { return k[AXES - 1] == 0; }  // no sine along the last axis
    // Where a packed coefficient lies; bit j of `sines`: a sine along the j-th axis with both signs.
    NEUROP_DEVICE long long packed(const Mix& m, int sines, bool last) const {
        long long at = 0;
        int b = 0;
#pragma unroll
        for (int i = 0; i < AXES; ++i) {
            const bool sine = i + 1 == AXES ? last : k[i] > 0 && ((sines >> b++) & 1);
            at = at * (2 * m.kept[i] - 1) + (sine ? m.kept[i] + k[i] - 1 : k[i]);
        }
        return at;
    }
    // Where the weights lie; bit j of `minus`: the negative frequency along the j-th axis with both signs.
    NEUROP_DEVICE long long signed_mode(const Mix& m, int minus) const {
        long long at = 0;
        int b = 0;
#pragma unroll
        for (int i = 0; i < AXES; ++i) {
            const bool negative = i + 1 < AXES && k[i] > 0 && ((minus >> b++) & 1);
            at = at * (i + 1 == AXES ? m.modes[i] : 2 * m.modes[i] - 1) + (negative ? m.modes[i] + k[i] - 1 : k[i]);
        }
        return at;
    }
};

template <int AXES>
NEUROP_DEVICE long long packed_size(const Mix& m) {
    long long n = 1;
#pragma unroll
    for (int i = 0; i < AXES; ++i) n *= 2 * m.kept[i] - 1;
    return n;
}

// Number p (part 0) or q (part 1) of Z = p - i q at the signs `minus`, from the packed coefficients of one channel of one sample:
// along each axis Z(+k) = c - i s and Z(-k) = c + i s, so Z is the sum over sines of (-+i)^(number of sines).
template <int AXES>
NEUROP_DEVICE float signed_value(const Mix& m, const Mode<AXES>& mode, const float* c, long long stride, int minus, int part) {
    float value = 0.0f;
    for (int sines = 0; sines < (1 << mode.both); ++sines) {
        // -i turns (p, q) into (-q, p), and i into (q, -p).
        int turns = 0;
        for (int b = 0; b < mode.both; ++b)
            if ((sines >> b) & 1) turns += ((minus >> b) & 1) ? 3 : 1;
        turns &= 3;
        const int source = part ^ (turns & 1);
        if (source == 1 && mode.real()) continue;
        const float x = c[mode.packed(m, sines, source == 1) * stride];
        const bool negative = part == 0 ? turns == 1 || turns == 2 : turns == 2 || turns == 3;
        value += negative ? -x : x;
    }
    return value;
}

// Grid: (|k| of all axes, tiles of columns, chunks of samples). Each block makes y at all signs of its modes.
template <int AXES, int PRODUCTS>
NEUROP_DEVICE void mix(const Mix& m) {
    float* shared = neurop_shared;
    const int tid = threadIdx.x, warp = tid / 32, lane = tid % 32;
    const long long from = m.adjoint ? m.out : m.in, to = m.adjoint ? m.in : m.out;
    const long long column = blockIdx.y * (long long)kMixColumns, sample = blockIdx.z * (long long)kSamples, size = packed_size<AXES>(m);
    const Mode<AXES> mode(m, blockIdx.x);
    const int signs = 1 << mode.both;
    float *a = shared, *b = a + kMixRows * kMixRowA, *z = b + kMixDepth * kMixRowB;  // z[sign][p, q][sample][column]
    for (int s = 0; s < signs; ++s) {
        const float* weight = m.weight + mode.signed_mode(m, s) * m.in * 2 * m.out;
        float sum[2][4];  // a warp's 16 columns of the 2 * kMixColumns of (real, imaginary) weights
        for (int n = 0; n < 2; ++n)
            for (int i = 0; i < 4; ++i) sum[n][i] = 0.0f;
        for (long long depth = 0; depth < from; depth += kMixDepth) {
            __syncthreads();
            for (int i = tid; i < kMixRows * kMixDepth; i += kThreads) {
                const int r = i / kMixDepth, l = i % kMixDepth, part = r / kSamples;
                const long long n = sample + r % kSamples, channel = depth + l;
                a[r * kMixRowA + l] =
                    n < m.batch && channel < from ? signed_value(m, mode, m.c + n * size * from + channel, from, s, part) : 0.0f;
            }
            for (int i = tid; i < kMixDepth * 2 * kMixColumns; i += kThreads) {
                // Neighbouring threads read neighbouring weights: along `out` forward, along `out` (the depth) in the adjoint.
                const int l = m.adjoint ? i % kMixDepth : i / (2 * kMixColumns), rest = m.adjoint ? i / kMixDepth : i % (2 * kMixColumns);
                const int imaginary = rest / kMixColumns;
                const long long channel = depth + l, target = column + rest % kMixColumns;
                const bool there = channel < from && target < to;
                const long long at = m.adjoint ? (target * 2 + imaginary) * m.out + channel : (channel * 2 + imaginary) * m.out + target;
                const float w = there ? weight[at] : 0.0f;
                b[l * kMixRowB + rest] = m.adjoint && imaginary ? -w : w;
            }
            __syncthreads();
            warp_product<2, PRODUCTS>(sum, a, kMixRowA, b + warp * 16, kMixRowB, kMixDepth, lane);
        }
        __syncthreads();
        // Products by real and imaginary weights, through shared memory: [row][real, imaginary][column].
        const int g = lane >> 2, q = lane & 3;
        for (int n = 0; n < 2; ++n)
            for (int i = 0; i < 4; ++i) b[(g + (i / 2) * 8) * kMixRowB + warp * 16 + 8 * n + 2 * q + i % 2] = sum[n][i];
        __syncthreads();
        for (int i = tid; i < kMixRows * kMixColumns; i += kThreads) {
            const int part = i / (kSamples * kMixColumns), r = i / kMixColumns % kSamples, l = i % kMixColumns;
            const float *of_p = b + r * kMixRowB + l, *of_q = of_p + kSamples * kMixRowB;
            // (u + i v) (p - i q) = (u p + v q) - i (u q - v p)
            z[s * kMixRows * kMixColumns + i] = part == 0 ? of_p[0] + of_q[kMixColumns] : of_q[0] - of_p[kMixColumns];
        }
    }
    __syncthreads();
    // Back: a coefficient is the mean over signs of Z turned by (+-i)^(number of sines).
    for (int i = tid; i < signs * kMixRows * kMixColumns; i += kThreads) {
        const int l = i % kMixColumns, r = i / kMixColumns % kSamples, part = i / (kMixColumns * kSamples) % 2, sines = i / (kMixColumns * kMixRows);
        if (sample + r >= m.batch || column + l >= to || (part && mode.real())) continue;
        float value = 0.0f;
        for (int s = 0; s < signs; ++s) {
            int turns = 0;
            for (int bit = 0; bit < mode.both; ++bit)
                if ((sines >> bit) & 1) turns += ((s >> bit) & 1) ? 1 : 3;
            turns &= 3;
            const int source = part ^ (turns & 1);
            const bool negative = part == 0 ? turns == 1 || turns == 2 : turns == 2 || turns == 3;
            const float x = z[((s * 2 + source) * kSamples + r) * kMixColumns + l];
            value += negative ? -x : x;
        }
        m.y[((sample + r) * size + mode.packed(m, sines, part)) * to + column + l] = value / signs;
    }
}

constexpr int kMixShared = (kMixRows * kMixRowA + kMixDepth * kMixRowB + 4 * kMixRows * kMixColumns) * int(sizeof(float));

// Gradient of the weights, gw (*signed modes, in, 2, out), from g = gradient of y: the sum over samples of conj(Z) G, G being g spread over the
// signs and halved per axis. Grid: (|k| of all axes, tiles of in, tiles of out).
struct MixWeight {
    Mix of;  // y is not used
    const float* g;
    float* gw;
};

constexpr int kWeightTile = 32;

template <int AXES, int PRODUCTS>
NEUROP_DEVICE void mix_weight(const MixWeight& w) {
    float* shared = neurop_shared;
    const Mix& m = w.of;
    const int tid = threadIdx.x, warp = tid / 32, lane = tid % 32;
    const long long row = blockIdx.y * (long long)kWeightTile, column = blockIdx.z * (long long)kWeightTile, size = packed_size<AXES>(m);
    const Mode<AXES> mode(m, blockIdx.x);
    constexpr int kRowZ = kMixRows + 4, kRowG = 2 * kWeightTile + 8;
    float *z = shared, *pairs = z + kWeightTile * kRowZ;  // z[in][p, q of samples], pairs[p, q of samples][real, imaginary][out]
    const float scale = 1.0f / (1 << mode.both);
    for (int s = 0; s < (1 << mode.both); ++s) {
        float sum[2][4];
        for (int n = 0; n < 2; ++n)
            for (int i = 0; i < 4; ++i) sum[n][i] = 0.0f;
        for (long long sample = 0; sample < m.batch; sample += kSamples) {
            __syncthreads();
            for (int i = tid; i < kMixRows * kWeightTile; i += kThreads) {
                const int l = i % kWeightTile, r = i / kWeightTile, part = r / kSamples;
                const long long n = sample + r % kSamples;
                z[l * kRowZ + r] = n < m.batch && row + l < m.in ? signed_value(m, mode, m.c + n * size * m.in + row + l, m.in, s, part) : 0.0f;
                const float y = n < m.batch && column + l < m.out
                                    ? scale * signed_value(m, mode, w.g + n * size * m.out + column + l, m.out, s, part)
                                    : 0.0f;
                // p and q of y are u p + v q and u q - v p.
                pairs[r * kRowG + l] = y;
                pairs[((r + kSamples) % kMixRows) * kRowG + kWeightTile + l] = part == 0 ? y : -y;
            }
            __syncthreads();
            // Warps: 2 along `in`, 4 along (real, imaginary) x out.
            warp_product<2, PRODUCTS>(sum, z + (warp / 4) * 16 * kRowZ, kRowZ, pairs + (warp % 4) * 16, kRowG, kMixRows, lane);
        }
        float* gw = w.gw + mode.signed_mode(m, s) * m.in * 2 * m.out;
        const int g = lane >> 2, q = lane & 3;
        for (int n = 0; n < 2; ++n)
            for (int i = 0; i < 4; ++i) {
                const long long r = row + (warp / 4) * 16 + g + (i / 2) * 8;
                const int across = (warp % 4) * 16 + 8 * n + 2 * q + i % 2;
                const long long c = column + across % kWeightTile;
                if (r < m.in && c < m.out) gw[(r * 2 + across / kWeightTile) * m.out + c] = sum[n][i];
            }
        __syncthreads();
    }
}

constexpr int kMixWeightShared = (kWeightTile * (kMixRows + 4) + kMixRows * (2 * kWeightTile + 8)) * int(sizeof(float));
