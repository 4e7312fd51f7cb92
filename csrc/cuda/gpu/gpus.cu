#include "cuda/unusable.hpp"
#include "device.cuh"

namespace collapse_stats::cuda {
namespace {

constexpr bool is(Failure failure, cudaError_t error) {
  return static_cast<int>(failure) == static_cast<int>(error);
}
static_assert(is(Failure::memory_full, cudaErrorMemoryAllocation));
static_assert(is(Failure::not_started, cudaErrorInitializationError));
static_assert(is(Failure::stub_library, cudaErrorStubLibrary));
static_assert(is(Failure::old_driver, cudaErrorInsufficientDriver));
static_assert(is(Failure::devices_unavailable, cudaErrorDevicesUnavailable));
static_assert(is(Failure::no_function, cudaErrorInvalidDeviceFunction));
static_assert(is(Failure::no_device, cudaErrorNoDevice));
static_assert(is(Failure::invalid_image, cudaErrorInvalidKernelImage));
static_assert(is(Failure::no_image, cudaErrorNoKernelImageForDevice));
static_assert(is(Failure::no_jit_compiler, cudaErrorJitCompilerNotFound));
static_assert(is(Failure::unsupported_ptx, cudaErrorUnsupportedPtxVersion));
static_assert(is(Failure::jit_disabled, cudaErrorJitCompilationDisabled));
static_assert(is(Failure::system_not_ready, cudaErrorSystemNotReady));
static_assert(is(Failure::driver_mismatch, cudaErrorSystemDriverMismatch));
static_assert(is(Failure::no_compatibility, cudaErrorCompatNotSupportedOnDevice));

void check_usable(cudaError_t status, unsigned capability = 0) {
  if (status != cudaSuccess)
    throw std::runtime_error(
        why_unusable(status, {CUDART_VERSION, capability}, cudaGetErrorString(status)));
}

}  // namespace

void check_device() {
  int device = 0, major = 0, minor = 0;
  check_usable(cudaGetDevice(&device));
  check_usable(cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, device));
  check_usable(cudaDeviceGetAttribute(&minor, cudaDevAttrComputeCapabilityMinor, device));
  cudaFuncAttributes attributes{};
  check_usable(cudaFuncGetAttributes(&attributes, do_nothing<void>),
               static_cast<unsigned>(10 * major + minor));
}

std::vector<GpuDescription> gpus() {
  int number = 0;
  check_usable(cudaGetDeviceCount(&number));
  if (number == 0) check_usable(cudaErrorNoDevice);
  std::vector<GpuDescription> list;
  for (int device = 0; device < number; ++device) {
    cudaDeviceProp properties{};
    check_usable(cudaGetDeviceProperties(&properties, device));
    list.push_back({properties.name, static_cast<unsigned>(properties.major),
                    static_cast<unsigned>(properties.minor), properties.totalGlobalMem,
                    static_cast<unsigned>(properties.multiProcessorCount)});
  }
  return list;
}

unsigned current_gpu() {
  int device = 0;
  check_usable(cudaGetDevice(&device));
  return static_cast<unsigned>(device);
}

std::string architectures() { return COLLAPSE_CUDA_ARCHITECTURES; }

unsigned runtime_version() { return CUDART_VERSION; }

}  // namespace collapse_stats::cuda
