// Small matrix products over many rows of a field, with what follows them pointwise done before anything is written.
#pragma once
#include "device.cuh"

// One summand: a (m x k) times b (k x n), each the same for all rows of the field (batch stride 0) or one per row.
struct Factor {
    const float *a, *b;
    long long a_batch, a_row, a_column, b_batch, b_row;
    long long k;
};

// out = act(sum of factors + bias + add), or its product with GELU'(gate); `kept` takes what goes into act. Null pointers leave parts out.
struct Product {
    long long batch, m, n;
    Factor factor[2];
    const float *bias, *add, *gate;
    float *out, *kept;
    long long activate;
};

constexpr int kTileRows = 64, kTileColumns = 64, kTileDepth = 32;
constexpr int kRowA = kTileDepth + 4, kRowB = kTileColumns + 8;  // padded against bank conflicts
constexpr int kStages = 3;

// Tile of a (rows x depth) and of b (depth x columns) to shared memory, zero where there is no matrix.
NEUROP_DEVICE void load_tile(const Factor& f, long long batch, long long m, long long n, int row, int column, int depth, float* a, float* b) {
    const int tid = threadIdx.x;
    const float *from_a = f.a + batch * f.a_batch, *from_b = f.b + batch * f.b_batch;
    const bool vectors_a = f.a_column == 1 && f.a_row % 4 == 0 && reinterpret_cast<unsigned long long>(from_a) % 16 == 0;
    if (vectors_a) {
        for (int i = tid; i < kTileRows * kTileDepth / 4; i += kThreads) {
            const int r = i / (kTileDepth / 4), c = i % (kTileDepth / 4) * 4;
            const long long left = row + r < m ? 4 * (f.k - depth - c) : 0;
            const int bytes = left < 0 ? 0 : left > 16 ? 16 : int(left);
            copy16(a + r * kRowA + c, bytes ? from_a + (row + r) * f.a_row + depth + c : from_a, bytes);
        }
    } else {
        const bool by_column = f.a_row == 1;  // neighbouring threads read neighbouring numbers either way
        for (int i = tid; i < kTileRows * kTileDepth; i += kThreads) {
            const int r = by_column ? i % kTileRows : i / kTileDepth, c = by_column ? i / kTileRows : i % kTileDepth;
            const bool there = row + r < m && depth + c < f.k;
            copy4(a + r * kRowA + c, there ? from_a + (row + r) * f.a_row + (depth + c) * f.a_column : from_a, there ? 4 : 0);
        }
    }
    const bool vectors_b = f.b_row % 4 == 0 && reinterpret_cast<unsigned long long>(from_b) % 16 == 0;
    if (vectors_b) {
        for (int i = tid; i < kTileDepth * kTileColumns / 4; i += kThreads) {
            const int r = i / (kTileColumns / 4), c = i % (kTileColumns / 4) * 4;
            const long long left = depth + r < f.k ? 4 * (n - column - c) : 0;
            const int bytes = left < 0 ? 0 : left > 16 ? 16 : int(left);
            copy16(b + r * kRowB + c, bytes ? from_b + (depth + r) * f.b_row + column + c : from_b, bytes);
        }
    } else {
        for (int i = tid; i < kTileDepth * kTileColumns; i += kThreads) {
            const int r = i / kTileColumns, c = i % kTileColumns;
            const bool there = depth + r < f.k && column + c < n;
            copy4(b + r * kRowB + c, there ? from_b + (depth + r) * f.b_row + column + c : from_b, there ? 4 : 0);
        }
    }
}

// Grid: (batch x tiles of m, tiles of n). Warps: 4 along the rows, 2 along the columns.
template <int PRODUCTS>
NEUROP_DEVICE void product(const Product& p) {
    constexpr int kAcross = kTileColumns / 2 / 8;
    float* shared = neurop_shared;
    const int warp = threadIdx.x / 32, lane = threadIdx.x % 32, down = warp / 2, across = warp % 2;
    const long long tiles = (p.m + kTileRows - 1) / kTileRows, batch = blockIdx.x / tiles;
    const int row = int(blockIdx.x % tiles) * kTileRows, column = blockIdx.y * kTileColumns;
    const int first = int((p.factor[0].k + kTileDepth - 1) / kTileDepth);
    const int steps = first + int((p.factor[1].k + kTileDepth - 1) / kTileDepth);
    const auto stage = [&](int step) { return shared + (step % kStages) * (kTileRows * kRowA + kTileDepth * kRowB); };
    const auto load = [&](int step) {
        if (step < steps) {
            const int which = step >= first;
            float* to = stage(step);
            load_tile(p.factor[which], batch, p.m, p.n, row, column, (step - which * first) * kTileDepth, to, to + kTileRows * kRowA);
        }
        commit();
    };
    float sum[kAcross][4];
    for (int n = 0; n < kAcross; ++n)
        for (int i = 0; i < 4; ++i) sum[n][i] = 0.0f;
    for (int s = 0; s < kStages - 1; ++s) load(s);
    for (int s = 0; s < steps; ++s) {
        wait<kStages - 2>();
        __syncthreads();  // the tile is there for all, and the one before it read by all
        load(s + kStages - 1);
        const float* tile = stage(s);
        warp_product<kAcross, PRODUCTS>(sum, tile + down * 16 * kRowA, kRowA, tile + kTileRows * kRowA + across * 8 * kAcross, kRowB, kTileDepth,
                                        lane);
    }
    const int g = lane >> 2, q = lane & 3;
    for (int n = 0; n < kAcross; ++n)
        for (int i = 0; i < 4; ++i) {
            const long long r = row + down * 16 + g + (i / 2) * 8, c = column + across * 8 * kAcross + 8 * n + 2 * q + i % 2;
            if (r >= p.m || c >= p.n) continue;
            const long long at = (batch * p.m + r) * p.n + c;
            float y = sum[n][i];
            if (p.bias) y += p.bias[c];
            if (p.add) y += p.add[at];
            if (p.kept) p.kept[at] = y;
            if (p.activate) y = gelu(y);
            if (p.gate) y *= gelu_slope(p.gate[at]);
            p.out[at] = y;
        }
}

constexpr int kProductShared = kStages * (kTileRows * kRowA + kTileDepth * kRowB) * int(sizeof(float));
