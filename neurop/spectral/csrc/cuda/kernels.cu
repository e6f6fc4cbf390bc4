// All kernels by name: _3 with three TF32 products per multiplication, as accurate as float32, _1 with one.
#include "mix.cuh"
#include "product.cuh"

#define NEUROP_ENTRY(name, Arguments, ...) \
    NEUROP_KERNEL neurop_##name(const Arguments arguments) { __VA_ARGS__(arguments); }

NEUROP_ENTRY(product_3, Product, product<3>)
NEUROP_ENTRY(product_1, Product, product<1>)
NEUROP_ENTRY(mix1d_3, Mix, mix<1, 3>)
NEUROP_ENTRY(mix1d_1, Mix, mix<1, 1>)
NEUROP_ENTRY(mix2d_3, Mix, mix<2, 3>)
NEUROP_ENTRY(mix2d_1, Mix, mix<2, 1>)
NEUROP_ENTRY(mix3d_3, Mix, mix<3, 3>)
NEUROP_ENTRY(mix3d_1, Mix, mix<3, 1>)
NEUROP_ENTRY(mix_weight1d_3, MixWeight, mix_weight<1, 3>)
NEUROP_ENTRY(mix_weight1d_1, MixWeight, mix_weight<1, 1>)
NEUROP_ENTRY(mix_weight2d_3, MixWeight, mix_weight<2, 3>)
NEUROP_ENTRY(mix_weight2d_1, MixWeight, mix_weight<2, 1>)
NEUROP_ENTRY(mix_weight3d_3, MixWeight, mix_weight<3, 3>)
NEUROP_ENTRY(mix_weight3d_1, MixWeight, mix_weight<3, 1>)
