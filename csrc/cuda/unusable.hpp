#pragma once

#include <string>

/// Explains why a GPU cannot be used, and what to do. CUDA's errors are identified by their
/// numbers, which are the same in every release, so that this can be tested without CUDA.
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

/// The circumstances of an error.
struct Asked {
  unsigned runtime;     ///< CUDA's version, in the form of CUDART_VERSION
  unsigned capability;  ///< of the GPU, as 90 for 9.0; 0 if unknown
};

/// Describe an error and its remedy. `said` is CUDA's own text, which is used for errors that are
/// not known here.
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
      return "the GPU's memory is full: end the processes that use it (see `nvidia-smi`), or name "
             "another GPU in CUDA_VISIBLE_DEVICES";
    case Failure::not_started:
      return "CUDA could not be initialised: a process forked from one that already uses CUDA "
             "cannot use it itself; start processes with the method \"spawn\"";
    case Failure::stub_library:
      return "a stub was loaded instead of the driver's library: remove the toolkit's folder "
             "`stubs` from LD_LIBRARY_PATH";
    case Failure::old_driver:
      return "there is no NVIDIA driver, or it is too old for " + cuda +
             ": install or update the driver, or reinstall from source with an older CUDA's nvcc";
    case Failure::devices_unavailable:
      return "the GPU is busy: another process may be using it exclusively (see "
             "`nvidia-smi -q -d COMPUTE`): wait for it, or allow sharing with `nvidia-smi -c "
             "DEFAULT`";
    case Failure::no_device: return "there is no NVIDIA GPU, or CUDA_VISIBLE_DEVICES hides it";
    case Failure::no_function:
    case Failure::invalid_image:
    case Failure::no_image:
      return "collapse-stats was compiled for other GPUs than this one: " + rebuild;
    case Failure::unsupported_ptx:
      return no_code + "the driver is older than " + cuda +
             ", with which collapse-stats was compiled: update the driver, or " + rebuild;
    case Failure::no_jit_compiler:
      return no_code +
             "the driver's compiler, libnvidia-ptxjitcompiler, is not installed: install "
             "it, or " +
             rebuild;
    case Failure::jit_disabled:
      return no_code +
             "CUDA_DISABLE_PTX_JIT or CUDA_DISABLE_JIT keeps the driver from compiling it: "
             "unset the variable, or " +
             rebuild;
    case Failure::system_not_ready:
      return "a service of the driver is not running: GPUs that are connected by NVSwitch need "
             "nvidia-fabricmanager; start it";
    case Failure::driver_mismatch:
      return "the driver's library and its kernel module have different versions: restart the "
             "machine; in a container, use the host's library";
    case Failure::no_compatibility:
      return "this GPU does not support CUDA's compatibility libraries: remove the folder "
             "`compat` from LD_LIBRARY_PATH, and update the driver for " +
             cuda;
  }
  return "CUDA: looking for GPUs failed: " + said;
}

}  // namespace collapse_stats::cuda
