#pragma once

#include <cstddef>
#include <cstdint>
#include <typeinfo>

#include "cuda/api.hpp"
#include "cuda/emulated/host_arrays.hpp"
#include "cuda/launch.hpp"
#include "cuda/quad.hpp"
#include "machine.hpp"

/// The machine that kernels run on: here a CPU that interprets the output of CUDA's compiler.
/// `gpu/device.cuh` has the same names and documents them. CUB's operations on arrays are done by
/// the host.
#define DEVICE
#define UNROLL

namespace collapse_stats::cuda {

/// Not smaller than CUB's: one word for each warp, and some more.
template <unsigned Threads>
struct alignas(16) ScanStorage {
  unsigned char bytes[Threads / 8 + 32];
};

/// Only the name of a kernel is used here; `Device` finds its PTX by it.
template <unsigned Threads>
class Block {
 public:
  static constexpr unsigned size = Threads;
};

class Device : public HostArrays {
 public:
  explicit Device(Stream) {}

  template <class Kernel>
  void launch(std::uint64_t blocks, const Kernel& kernel) {
    if (blocks == 0) return;
    static const std::string name = ptx::readable_name(typeid(Kernel).name());
    ptx::Machine& machine = ptx::machine();
    machine.run({machine.library.find(name), blocks, Kernel::threads, &kernel, sizeof kernel,
                 shared_bytes_of<Kernel>(), shared_to_ask_for<Kernel>()});
  }

  template <class Kernel>
  std::uint64_t resident_blocks() const {
    return ptx::machine().settings.resident_blocks;
  }

  static std::size_t shared_bytes() { return ptx::machine().settings.shared_bytes; }
};

}  // namespace collapse_stats::cuda
