// Run a surrogate without Python. The file is an AOTInductor package, a library compiled for the
// kind of processor that wrote it; C++ reads no file of torch.export that is not compiled.
//
//   neurop export ckpt=RUN format=aoti out=exported
//   T=$(python -c "import torch, os; print(os.path.dirname(torch.__file__))")
//   g++ -std=c++20 -O1 predict.cpp -o predict -I$T/include -I$T/include/torch/csrc/api/include
//       -L$T/lib -Wl,-rpath,$T/lib -ltorch -ltorch_cpu -lc10
//   ./predict exported/model.aoti.pt2 x.f32 y.f32 1 2 64 64
//
// x.f32 has single-precision values (batch, channels, *grid), the last axis fastest, in the units
// of exported/export.json, and so has y.f32. A surrogate with conditions takes {x, given}.
#include <ATen/ATen.h>
#include <fstream>
#include <iostream>
#include <torch/csrc/inductor/aoti_package/model_package_loader.h>

int main(int count, char** words) {
  if (count < 6) {
    std::cerr << "usage: predict PACKAGE X Y BATCH CHANNELS POINTS...\n";
    return 2;
  }
  c10::InferenceMode guard;
  torch::inductor::AOTIModelPackageLoader surrogate(words[1]);
  std::cout << surrogate.get_metadata()["neurop"] << "\n";
  std::vector<int64_t> shape;
  for (int i = 4; i < count; ++i) shape.push_back(std::stoll(words[i]));
  at::Tensor x = at::empty(shape, at::kFloat);
  std::ifstream in(words[2], std::ios::binary);
  if (!in.read(static_cast<char*>(x.data_ptr()), x.nbytes()) || in.peek() != EOF) {
    std::cerr << words[2] << ": not " << x.numel() << " values in single precision\n";
    return 1;
  }
  at::Tensor y = surrogate.run({x})[0].contiguous();
  std::ofstream(words[3], std::ios::binary).write(static_cast<char*>(y.data_ptr()), y.nbytes());
  std::cout << "wrote " << words[3] << " " << y.sizes() << "\n";
}
