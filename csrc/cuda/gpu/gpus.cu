#include "device.cuh"

namespace collapse_stats::cuda {

std::vector<GpuDescription> gpus() {
  int number = 0;
  const cudaError_t status = cudaGetDeviceCount(&number);
  if (status == cudaErrorInsufficientDriver)
    throw std::runtime_error("there is no NVIDIA driver, or it is older than CUDA 12 needs");
  check(status, "looking for GPUs");
  if (number == 0) throw std::runtime_error("there is no NVIDIA GPU");
  std::vector<GpuDescription> list;
  for (int device = 0; device < number; ++device) {
    cudaDeviceProp properties{};
    check(cudaGetDeviceProperties(&properties, device), "asking what a GPU is");
    list.push_back({properties.name, static_cast<unsigned>(properties.major),
                    static_cast<unsigned>(properties.minor), properties.totalGlobalMem,
                    static_cast<unsigned>(properties.multiProcessorCount)});
  }
  return list;
}

}  // namespace collapse_stats::cuda
