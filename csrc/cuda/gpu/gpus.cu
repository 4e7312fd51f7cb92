#include "device.cuh"

namespace collapse_stats::cuda {
namespace {

__global__ void do_nothing() {}

}  // namespace

void check_device() {
  cudaFuncAttributes attributes{};
  const cudaError_t status = cudaFuncGetAttributes(&attributes, do_nothing);
  if (status == cudaErrorNoKernelImageForDevice || status == cudaErrorInvalidDeviceFunction)
    throw std::runtime_error(
        "compiled for other GPUs than this one: reinstall from source on this machine, or with "
        "CUDAARCHS set to its compute capability");
  check(status, "looking for the code of this GPU");
}

std::vector<GpuDescription> gpus() {
  int number = 0;
  const cudaError_t status = cudaGetDeviceCount(&number);
  if (status == cudaErrorInsufficientDriver)
    throw std::runtime_error("there is no NVIDIA driver, or it is too old for CUDA " +
                             std::to_string(CUDART_VERSION / 1000));
  if (status == cudaErrorNoDevice || (status == cudaSuccess && number == 0))
    throw std::runtime_error("there is no NVIDIA GPU");
  check(status, "looking for GPUs");
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

unsigned current_gpu() {
  int device = 0;
  check(cudaGetDevice(&device), "asking for the device");
  return static_cast<unsigned>(device);
}

std::string architectures() { return COLLAPSE_CUDA_ARCHITECTURES; }

unsigned runtime_version() { return CUDART_VERSION; }

}  // namespace collapse_stats::cuda
