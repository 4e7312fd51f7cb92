#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <numeric>
#include <typeinfo>

#include "cuda/api.hpp"
#include "cuda/launch.hpp"
#include "cuda/quad.hpp"
#include "machine.hpp"

/// The machine that kernels run on: a CPU that runs what CUDA's compiler made of them.
/// `gpu/device.cuh` has the same names, and says what they mean. What CUB does there, the host does.
#define DEVICE
#define UNROLL

namespace collapse_stats::cuda {

/// At least as large as that of CUB: a word for each warp, and some more.
template <unsigned Threads>
struct alignas(16) ScanStorage {
  unsigned char bytes[Threads / 8 + 32];
};

/// Kernels are only named here, not run: `Device` finds their PTX.
template <unsigned Threads>
class Block {
 public:
  static constexpr unsigned size = Threads;
};

class Device {
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

  void fill(void* at, unsigned char byte, std::size_t bytes) { std::memset(at, byte, bytes); }

  template <class Record>
  static std::size_t sort_bytes(std::uint64_t) {
    return 1;
  }

  template <class Record>
  Record* sort(Record* records, Record* other, std::uint64_t number, unsigned bits, void*,
               std::size_t) {
    const Record mask = bits < 8 * sizeof(Record) ? (Record{1} << bits) - 1 : ~Record{0};
    std::copy_n(records, number, other);
    std::stable_sort(other, other + number,
                     [=](Record left, Record right) { return (left & mask) < (right & mask); });
    return other;
  }

  template <class Value>
  static std::size_t sum_bytes(std::uint64_t) {
    return 1;
  }

  template <class Value>
  void exclusive_sum(Value* values, std::uint64_t number, void*, std::size_t) {
    std::exclusive_scan(values, values + number, values, Value{0});
  }

  template <class Value>
  void running_sum(const Value* from, Value* to, std::uint64_t number, void*, std::size_t) {
    std::inclusive_scan(from, from + number, to);
  }
};

}  // namespace collapse_stats::cuda
