#pragma once

#include <cuda_runtime.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cub/block/block_scan.cuh>
#include <cub/device/device_radix_sort.cuh>
#include <cub/device/device_scan.cuh>
#include <stdexcept>
#include <string>

#include "cuda/api.hpp"
#include "cuda/launch.hpp"
#include "cuda/quad.hpp"

/// The machine that kernels run on: here a GPU. `emulated/device.cuh` has the same names for a CPU;
/// the build's include path decides which of the two is used.
#define DEVICE __device__ __forceinline__
#define UNROLL _Pragma("unroll")

namespace collapse_stats::cuda {

/// Shared memory that a block needs for a scan.
template <unsigned Threads>
using BlockScan = cub::BlockScan<std::uint32_t, Threads, cub::BLOCK_SCAN_WARP_SCANS>;
template <unsigned Threads>
using ScanStorage = typename BlockScan<Threads>::TempStorage;

/// One CUDA block. A kernel is a sequence of *phases*, each followed by a barrier. Within a phase,
/// threads communicate only through atomic operations. Code between phases is executed by every
/// thread with the same values.
template <unsigned Threads>
class Block {
 public:
  static constexpr unsigned size = Threads;

  /// Values that each thread keeps from phase to phase.
  template <class T>
  struct Registers {
    T value;
  };

  DEVICE std::uint64_t index() const { return blockIdx.x; }
  DEVICE std::uint64_t blocks() const { return gridDim.x; }

  template <class Phase>
  DEVICE void each(Phase phase) {
    phase(threadIdx.x);
    __syncthreads();
  }

  template <class T, class Phase>
  DEVICE void each(Registers<T>& registers, Phase phase) {
    phase(threadIdx.x, registers.value);
    __syncthreads();
  }

  /// Add, wrapping around, and return the previous value. Works in shared and device memory.
  DEVICE std::uint32_t add(std::uint32_t* at, std::uint32_t value) { return atomicAdd(at, value); }
  DEVICE std::uint64_t add(std::uint64_t* at, std::uint64_t value) {
    return atomicAdd(reinterpret_cast<Long*>(at), static_cast<Long>(value));
  }

  DEVICE std::uint32_t set_bits(std::uint32_t* at, std::uint32_t bits) {
    return atomicOr(at, bits);
  }

  DEVICE std::uint64_t minimum(std::uint64_t* at, std::uint64_t value) {
    return atomicMin(reinterpret_cast<Long*>(at), static_cast<Long>(value));
  }

  /// Replace `expected` by `value`, and return the previous value.
  DEVICE std::uint32_t exchange(std::uint32_t* at, std::uint32_t expected, std::uint32_t value) {
    return atomicCAS(at, expected, value);
  }
  DEVICE std::uint64_t exchange(std::uint64_t* at, std::uint64_t expected, std::uint64_t value) {
    return atomicCAS(reinterpret_cast<Long*>(at), static_cast<Long>(expected),
                     static_cast<Long>(value));
  }

  /// Read a value that another thread of the phase may be changing.
  template <class T>
  DEVICE T peek(const T* at) {
    return *const_cast<const volatile T*>(at);
  }

  /// The same for four neighbouring words in shared memory.
  DEVICE Quad peek(const Quad* at) {
    Quad quad;
    asm volatile("ld.volatile.shared.v4.u32 {%0, %1, %2, %3}, [%4];"
                 : "=r"(quad.of[0]), "=r"(quad.of[1]), "=r"(quad.of[2]), "=r"(quad.of[3])
                 : "r"(static_cast<std::uint32_t>(__cvta_generic_to_shared(at)))
                 : "memory");
    return quad;
  }

  /// Whether `answer` is true for any thread.
  template <class T, class Answer>
  DEVICE bool any(const Registers<T>& registers, Answer answer) {
    return __syncthreads_or(answer(registers.value)) != 0;
  }

  /// Collect answers as bits in shared memory, lowest bit first: bit `item * Threads + thread` is
  /// `answer(item, registers of the thread)`.
  template <unsigned Size, class T, class Answer>
  DEVICE void vote(std::uint32_t (&words)[Size], const Registers<T>& registers, Answer answer) {
    UNROLL
    for (unsigned item = 0; item < 32 * Size / Threads; ++item) {
      const std::uint32_t word = __ballot_sync(~0U, answer(item, registers.value));
      if (threadIdx.x % 32 == 0) words[(item * Threads + threadIdx.x) / 32] = word;
    }
    __syncthreads();
  }

  /// Replace each value, in shared memory, by the sum of the values before it, and return the
  /// total.
  template <unsigned Size>
  DEVICE std::uint32_t exclusive_scan(std::uint32_t (&values)[Size],
                                      ScanStorage<Threads>& storage) {
    constexpr unsigned items = (Size + Threads - 1) / Threads;
    std::uint32_t mine[items], total;
    UNROLL
    for (unsigned item = 0; item < items; ++item) {
      const unsigned at = threadIdx.x * items + item;
      mine[item] = at < Size ? values[at] : 0;
    }
    BlockScan<Threads>(storage).ExclusiveSum(mine, mine, total);
    UNROLL
    for (unsigned item = 0; item < items; ++item) {
      const unsigned at = threadIdx.x * items + item;
      if (at < Size) values[at] = mine[item];
    }
    __syncthreads();
    return total;
  }

 private:
  using Long = unsigned long long;  // of the atomic operations; not the same as std::uint64_t
};

/// Throws std::runtime_error that says which operation failed.
inline void check(cudaError_t status, const char* what) {
  if (status != cudaSuccess)
    throw std::runtime_error(std::string("CUDA: ") + what +
                             " failed: " + cudaGetErrorString(status));
}

/// Number of blocks for which a processor must have registers: `Kernel::resident`, or 0 to leave
/// the choice to the compiler.
template <class Kernel>
constexpr unsigned resident_on_processor() {
  if constexpr (requires { Kernel::resident; }) return Kernel::resident;
  return 0;
}

/// Bytes of shared memory that a block can request in code for an architecture, such as 90.
constexpr std::size_t most_shared_bytes(int architecture) {
  if (architecture < 80) return 64U << 10;
  if (architecture == 80 || architecture == 87) return 163U << 10;
  if (architecture < 90 || architecture >= 120) return 99U << 10;
  return 227U << 10;
}

#ifdef __CUDA_ARCH__
constexpr int this_architecture = __CUDA_ARCH__ / 10;
#else
constexpr int this_architecture = 0;  // host code, where the value does not matter
#endif

/// Run `kernel` in one block. Its shared memory is uninitialised; its size is part of the name, for
/// tools that inspect the machine code. In code for architectures where it does not fit, the kernel
/// has no body; `Device::shared_bytes` says what can be launched.
template <class Kernel, std::size_t Shared = shared_bytes_of<Kernel>()>
__global__ void __launch_bounds__(Kernel::threads, resident_on_processor<Kernel>())
    run_block(const __grid_constant__ Kernel kernel) {
  if constexpr (Shared <= most_shared_bytes(this_architecture)) {
    extern __shared__ __align__(16) unsigned char shared[];
    Block<Kernel::threads> block;
    kernel(block, *reinterpret_cast<typename Kernel::Shared*>(shared));
  } else {
    __trap();
  }
}

/// A kernel whose attributes tell which architecture the device's code was compiled for.
template <class>
__global__ void do_nothing() {}

/// Operations in the order of a stream. None of them waits for the device.
class Device {
 public:
  explicit Device(Stream stream) : stream_(reinterpret_cast<cudaStream_t>(stream)) {}

  /// Runs `kernel(block, shared)` on `blocks` blocks of `Kernel::threads` threads.
  template <class Kernel>
  void launch(std::uint64_t blocks, const Kernel& kernel) {
    if (blocks == 0) return;
    ask_for_shared_memory<Kernel>();
    run_block<<<static_cast<unsigned>(blocks), Kernel::threads, shared_bytes_of<Kernel>(),
                stream_>>>(kernel);
    check(cudaGetLastError(), "starting a kernel");
  }

  /// Number of blocks that fill the GPU once, for kernels that take their work piece by piece.
  template <class Kernel>
  std::uint64_t resident_blocks() const {
    int device = 0, processors = 0, blocks = 0;
    check(cudaGetDevice(&device), "asking for the device");
    check(cudaDeviceGetAttribute(&processors, cudaDevAttrMultiProcessorCount, device),
          "asking for the processors");
    ask_for_shared_memory<Kernel>();
    check(cudaOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, run_block<Kernel>, Kernel::threads,
                                                        shared_bytes_of<Kernel>()),
          "asking for the occupancy");
    return static_cast<std::uint64_t>(processors) * static_cast<std::uint64_t>(blocks);
  }

  /// Bytes of shared memory that a block can request on this device, by the code that runs on it,
  /// which may be PTX of an older architecture.
  static std::size_t shared_bytes() {
    int device = 0, bytes = 0;
    check(cudaGetDevice(&device), "asking for the device");
    check(cudaDeviceGetAttribute(&bytes, cudaDevAttrMaxSharedMemoryPerBlockOptin, device),
          "asking for shared memory");
    cudaFuncAttributes code{};
    check(cudaFuncGetAttributes(&code, do_nothing<void>), "asking for the architecture");
    return std::min(static_cast<std::size_t>(bytes), most_shared_bytes(code.ptxVersion));
  }

  void fill(void* at, unsigned char byte, std::size_t bytes) {
    check(cudaMemsetAsync(at, byte, bytes, stream_), "filling memory");
  }

  /// Bytes of workspace for `sort`.
  template <class Record>
  static std::size_t sort_bytes(std::uint64_t number) {
    cub::DoubleBuffer<Record> buffers;
    std::size_t bytes = 0;
    check(cub::DeviceRadixSort::SortKeys(nullptr, bytes, buffers, number, 0, 8 * sizeof(Record)),
          "planning a sort");
    return bytes;
  }

  /// Sort ascending by the low `bits` bits. Returns which of the two buffers holds the result.
  template <class Record>
  Record* sort(Record* records, Record* other, std::uint64_t number, unsigned bits, void* workspace,
               std::size_t bytes) {
    cub::DoubleBuffer<Record> buffers(records, other);
    check(cub::DeviceRadixSort::SortKeys(workspace, bytes, buffers, number, 0,
                                         static_cast<int>(bits), stream_),
          "sorting");
    return buffers.Current();
  }

  /// Bytes of workspace for `exclusive_sum` and `running_sum`.
  template <class Value>
  static std::size_t sum_bytes(std::uint64_t number) {
    std::size_t exclusive = 0, running = 0;
    Value* none = nullptr;
    const Value* from = nullptr;
    check(cub::DeviceScan::ExclusiveSum(nullptr, exclusive, none, none, number), "planning a scan");
    check(cub::DeviceScan::InclusiveSum(nullptr, running, from, none, number), "planning a scan");
    return exclusive > running ? exclusive : running;
  }

  /// Replace each value by the sum of the values before it.
  template <class Value>
  void exclusive_sum(Value* values, std::uint64_t number, void* workspace, std::size_t bytes) {
    check(cub::DeviceScan::ExclusiveSum(workspace, bytes, values, values, number, stream_),
          "summing");
  }

  /// Write to `to` the sum of each value and all values before it.
  template <class Value>
  void running_sum(const Value* from, Value* to, std::uint64_t number, void* workspace,
                   std::size_t bytes) {
    check(cub::DeviceScan::InclusiveSum(workspace, bytes, from, to, number, stream_), "summing");
  }

 private:
  /// Request the shared memory that a kernel needs beyond what every kernel gets.
  template <class Kernel>
  static void ask_for_shared_memory() {
    if constexpr (shared_to_ask_for<Kernel>() > 0)
      check(cudaFuncSetAttribute(run_block<Kernel>, cudaFuncAttributeMaxDynamicSharedMemorySize,
                                 static_cast<int>(shared_to_ask_for<Kernel>())),
            "asking for shared memory");
  }

  cudaStream_t stream_;
};

}  // namespace collapse_stats::cuda
