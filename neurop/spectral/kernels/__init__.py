"""The operators of a block as C++ and CUDA kernels, with a plain path in PyTorch."""
