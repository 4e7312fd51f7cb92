#pragma once

#include <string>

/// Why a GPU cannot be used, for whoever has to put it right. Knows CUDA's errors by their numbers,
/// which are the same in every release: so it is tested where CUDA is not.
namespace collapse_stats::cuda {

enum class Failure : int {
  memory_full = 2,
  not_started = 3,
  stub_library = 34,
  old_driver = 35,
  devices_unavailable = 46,
  no_function = 98,
  no_device = 100,
  invalid_image = 200,
  no_image = 209,
  no_jit_compiler = 221,
  unsupported_ptx = 222,
  jit_disabled = 223,
  system_not_ready = 802,
  driver_mismatch = 803,
  no_compatibility = 804,
};

/// What a GPU was asked with.
struct Asked {
  unsigned runtime;     ///< CUDA's version, as CUDART_VERSION has it
  unsigned capability;  ///< of the GPU, 90 for 9.0; 0 if not known
};

/// What is wrong, and what to do. `said` is CUDA's text, told where this knows no better.
inline std::string why_unusable(int error, const Asked& asked, const std::string& said) {
  const std::string cuda = "CUDA " + std::to_string(asked.runtime / 1000) + "." +
                           std::to_string(asked.runtime % 1000 / 10);
  const std::string own =
      asked.capability == 0 ? "its compute capability" : std::to_string(asked.capability);
  const std::string rebuild =
      "reinstall from source on this machine, or with CUDAARCHS=" + own + " in the environment";
  const std::string no_code = "there is no machine code for this GPU, and ";
  switch (static_cast<Failure>(error)) {
    case Failure::memory_full:
      return "the GPU's memory is full: end what holds it (`nvidia-smi` shows that), or name "
             "another GPU in CUDA_VISIBLE_DEVICES";
    case Failure::not_started:
      return "CUDA could not be initialised: a process that was forked from one that uses CUDA "
             "cannot use it; start processes with the method \"spawn\"";
    case Failure::stub_library:
      return "a stub is found in place of the driver's library: take the toolkit's folder `stubs` "
             "out of LD_LIBRARY_PATH";
    case Failure::old_driver:
      return "there is no NVIDIA driver, or it is too old for " + cuda +
             ": install or update the driver, or reinstall from source with an older CUDA's nvcc";
    case Failure::devices_unavailable:
      return "the GPU is taken: another process may have it alone (`nvidia-smi -q -d COMPUTE` "
             "shows "
             "the mode); wait for that, or set the mode with `nvidia-smi -c DEFAULT`";
    case Failure::no_device: return "there is no NVIDIA GPU, or CUDA_VISIBLE_DEVICES hides it";
    case Failure::no_function:
    case Failure::invalid_image:
    case Failure::no_image: return "compiled for other GPUs than this one: " + rebuild;
    case Failure::unsupported_ptx:
      return no_code + "the driver is older than " + cuda +
             ", which this was compiled with: update the driver, or " + rebuild;
    case Failure::no_jit_compiler:
      return no_code +
             "the driver's compiler, libnvidia-ptxjitcompiler, is not installed: install "
             "it, or " +
             rebuild;
    case Failure::jit_disabled:
      return no_code +
             "CUDA_DISABLE_PTX_JIT or CUDA_DISABLE_JIT keeps the driver from making it: "
             "take that out of the environment, or " +
             rebuild;
    case Failure::system_not_ready:
      return "a service of the driver does not run: GPUs that are joined by NVSwitch need "
             "nvidia-fabricmanager; start it";
    case Failure::driver_mismatch:
      return "the driver's library and its kernel module are of different versions: restart the "
             "machine, and in a container use the library of the host";
    case Failure::no_compatibility:
      return "this GPU cannot be used through CUDA's compatibility libraries: take the folder "
             "`compat` out of LD_LIBRARY_PATH, and update the driver for " +
             cuda;
  }
  return "CUDA: looking for GPUs failed: " + said;
}

}  // namespace collapse_stats::cuda
