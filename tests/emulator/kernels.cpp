// The kernels under the emulator, behind one function.
#include "emulator.hpp"
// Behind it, since it defines what they need.
#include "kernels.cu"

#include <cstdio>
#include <map>
#include <string>

namespace {

template <class Arguments>
std::function<void(const void*)> entry(void (*kernel)(const Arguments)) {
    return [kernel](const void* bytes) {
        Arguments arguments;
        std::memcpy(&arguments, bytes, sizeof arguments);
        kernel(arguments);
    };
}

const std::map<std::string, std::function<void(const void*)>> kernels = {
    {"product_3", entry(neurop_product_3)},           {"product_1", entry(neurop_product_1)},
    {"mix1d_3", entry(neurop_mix1d_3)},               {"mix2d_3", entry(neurop_mix2d_3)},
    {"mix3d_3", entry(neurop_mix3d_3)},               {"mix2d_1", entry(neurop_mix2d_1)},
    {"mix_weight1d_3", entry(neurop_mix_weight1d_3)}, {"mix_weight2d_3", entry(neurop_mix_weight2d_3)},
    {"mix_weight3d_3", entry(neurop_mix_weight3d_3)},
};

}  // namespace

extern "C" int emulate(const char* name, unsigned x, unsigned y, unsigned z, std::size_t shared, const void* arguments, unsigned seed) {
    const auto found = kernels.find(name);
    if (found == kernels.end()) return 1;
    emulator::Index grid;
    grid.x = x, grid.y = y, grid.z = z;
    return emulator::launch(grid, kThreads, shared, seed, [&] { found->second(arguments); }) ? 0 : 2;
}
