// What the kernels need of a GPU: shared memory, asynchronous copies into it, and a warp's matrix product.
// A host compiler finds the same names in tests/emulator/emulator.hpp, which it reads first.
#pragma once

#ifndef NEUROP_EMULATOR
#define NEUROP_DEVICE __device__ __forceinline__
#define NEUROP_KERNEL extern "C" __global__ void __launch_bounds__(256, 1)
extern __shared__ __align__(16) float neurop_shared[];

NEUROP_DEVICE unsigned round_tf32(float x) {
    unsigned r;
    asm("cvt.rna.tf32.f32 %0, %1;" : "=r"(r) : "f"(x));
    return r;
}

// d (16 x 8) += a (16 x 8) b (8 x 8) over a warp, lanes holding what PTX prescribes for m16n8k8.
NEUROP_DEVICE void multiply(float (&d)[4], const unsigned (&a)[4], const unsigned (&b)[2]) {
    asm volatile(
        "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
        : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}

// Copy 4 or 16 bytes to shared memory; what lies beyond the first `bytes` becomes zero, and with none nothing is read.
NEUROP_DEVICE void copy16(float* to, const float* from, int bytes) {
    const unsigned at = static_cast<unsigned>(__cvta_generic_to_shared(to));
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(at), "l"(from), "r"(bytes));
}
NEUROP_DEVICE void copy4(float* to, const float* from, int bytes) {
    const unsigned at = static_cast<unsigned>(__cvta_generic_to_shared(to));
    asm volatile("cp.async.ca.shared.global [%0], [%1], 4, %2;" ::"r"(at), "l"(from), "r"(bytes));
}
NEUROP_DEVICE void commit() { asm volatile("cp.async.commit_group;"); }
template <int PENDING>
NEUROP_DEVICE void wait() {
    asm volatile("cp.async.wait_group %0;" ::"n"(PENDING));
}
#endif

constexpr int kThreads = 256;
constexpr int kWarps = kThreads / 32;

// A float as the sum of one or two TF32 numbers. Two leave 2^-22 of it, so that three products are as good as float32's one.
template <int PRODUCTS>
NEUROP_DEVICE void split(float x, unsigned& high, unsigned& low) {
    high = round_tf32(x);
    low = PRODUCTS == 3 ? round_tf32(x - __uint_as_float(high)) : 0u;
}

// sum (16 x 8 COLUMNS) += a (16 x k) b (k x 8 COLUMNS) from shared memory, k a multiple of 8. Lane (g, q) = (lane / 4, lane % 4)
// holds rows g and g + 8, columns 2 q and 2 q + 1 of each 8.
template <int COLUMNS, int PRODUCTS>
NEUROP_DEVICE void warp_product(float (&sum)[COLUMNS][4], const float* a, int a_row, const float* b, int b_row, int k, int lane) {
    const int g = lane >> 2, q = lane & 3;
#pragma unroll 4
    for (int l = 0; l < k; l += 8) {
        unsigned high[4], low[4];
        const float* at = a + g * a_row + l + q;
        split<PRODUCTS>(at[0], high[0], low[0]);
        split<PRODUCTS>(at[8 * a_row], high[1], low[1]);
        split<PRODUCTS>(at[4], high[2], low[2]);
        split<PRODUCTS>(at[8 * a_row + 4], high[3], low[3]);
#pragma unroll
        for (int n = 0; n < COLUMNS; ++n) {
            unsigned of_b[2], rest[2];
            const float* bt = b + (l + q) * b_row + 8 * n + g;
            split<PRODUCTS>(bt[0], of_b[0], rest[0]);
            split<PRODUCTS>(bt[4 * b_row], of_b[1], rest[1]);
            if (PRODUCTS == 3) multiply(sum[n], low, of_b), multiply(sum[n], high, rest);
            multiply(sum[n], high, of_b);
        }
    }
}

NEUROP_DEVICE float normal_distribution(float x) { return 0.5f * (1.0f + erff(x * 0.70710678118654752f)); }
NEUROP_DEVICE float gelu(float x) { return x * normal_distribution(x); }
NEUROP_DEVICE float gelu_slope(float x) { return normal_distribution(x) + x * 0.39894228040143268f * expf(-0.5f * x * x); }
