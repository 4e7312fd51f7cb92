#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <numeric>
#include <random>
#include <thread>
#include <vector>

#include "cuda/api.hpp"
#include "cuda/emulated/host_arrays.hpp"
#include "cuda/quad.hpp"

/// The machine that kernels run on: here a CPU that emulates a GPU, for tests. `gpu/device.cuh` has
/// the same names and documents them.
#define DEVICE
#define UNROLL

namespace collapse_stats::cuda {

/// How the CPU emulates the GPU. With one worker, blocks and the threads of a phase run one by one
/// in an order drawn from `seed`; with several workers they run concurrently, so that a sanitizer
/// can see races.
struct Emulation {
  std::uint64_t seed = 0;
  unsigned workers = 1;
};

inline Emulation& emulation() {
  static Emulation settings;
  return settings;
}

/// Call `visit(i)` for every i < number, in random order or concurrently.
template <class Visit>
void in_any_order(std::uint64_t number, std::mt19937_64& random, unsigned workers, Visit visit) {
  if (workers > 1) {
    std::vector<std::jthread> threads;
    for (unsigned worker = 0; worker < workers; ++worker)
      threads.emplace_back([&, worker] {
        for (std::uint64_t i = worker; i < number; i += workers) visit(i);
      });
    return;
  }
  std::vector<std::uint64_t> order(number);
  std::iota(order.begin(), order.end(), std::uint64_t{0});
  std::shuffle(order.begin(), order.end(), random);
  for (const std::uint64_t i : order) visit(i);
}

/// Scans need no storage here.
template <unsigned Threads>
struct ScanStorage {};

template <unsigned Threads>
class Block {
 public:
  static constexpr unsigned size = Threads;

  template <class T>
  struct Registers {
    std::vector<T> values = std::vector<T>(Threads);
  };

  Block(std::uint64_t index, std::uint64_t blocks, std::uint64_t seed, unsigned workers)
      : index_(index), blocks_(blocks), random_(seed), workers_(workers) {}

  std::uint64_t index() const { return index_; }
  std::uint64_t blocks() const { return blocks_; }

  template <class Phase>
  void each(Phase phase) {
    in_any_order(Threads, random_, workers_,
                 [&](std::uint64_t thread) { phase(static_cast<unsigned>(thread)); });
  }

  template <class T, class Phase>
  void each(Registers<T>& registers, Phase phase) {
    in_any_order(Threads, random_, workers_, [&](std::uint64_t thread) {
      phase(static_cast<unsigned>(thread), registers.values[thread]);
    });
  }

  std::uint32_t add(std::uint32_t* at, std::uint32_t value) {
    return std::atomic_ref(*at).fetch_add(value, std::memory_order_relaxed);
  }
  std::uint64_t add(std::uint64_t* at, std::uint64_t value) {
    return std::atomic_ref(*at).fetch_add(value, std::memory_order_relaxed);
  }

  std::uint32_t set_bits(std::uint32_t* at, std::uint32_t bits) {
    return std::atomic_ref(*at).fetch_or(bits, std::memory_order_relaxed);
  }

  std::uint64_t minimum(std::uint64_t* at, std::uint64_t value) {
    const std::atomic_ref shared(*at);
    std::uint64_t seen = shared.load(std::memory_order_relaxed);
    while (value < seen && !shared.compare_exchange_weak(seen, value, std::memory_order_relaxed)) {
    }
    return seen;
  }

  std::uint32_t exchange(std::uint32_t* at, std::uint32_t expected, std::uint32_t value) {
    std::atomic_ref(*at).compare_exchange_strong(expected, value, std::memory_order_relaxed);
    return expected;
  }
  std::uint64_t exchange(std::uint64_t* at, std::uint64_t expected, std::uint64_t value) {
    std::atomic_ref(*at).compare_exchange_strong(expected, value, std::memory_order_relaxed);
    return expected;
  }

  template <class T>
  T peek(const T* at) {
    return std::atomic_ref(*const_cast<T*>(at)).load(std::memory_order_relaxed);
  }

  Quad peek(const Quad* at) {
    Quad quad;
    for (unsigned i = 0; i < 4; ++i) quad.of[i] = peek(&at->of[i]);
    return quad;
  }

  template <class T, class Answer>
  bool any(const Registers<T>& registers, Answer answer) {
    return std::ranges::any_of(registers.values, answer);
  }

  template <unsigned Size, class T, class Answer>
  void vote(std::uint32_t (&words)[Size], const Registers<T>& registers, Answer answer) {
    static_assert(32 * Size % Threads == 0);
    for (unsigned word = 0; word < Size; ++word) {
      words[word] = 0;
      for (unsigned bit = 0; bit < 32; ++bit) {
        const unsigned at = 32 * word + bit;
        words[word] |= std::uint32_t{answer(at / Threads, registers.values[at % Threads])} << bit;
      }
    }
  }

  template <unsigned Size>
  std::uint32_t exclusive_scan(std::uint32_t (&values)[Size], ScanStorage<Threads>&) {
    std::uint32_t total = 0;
    for (std::uint32_t& value : values) {
      const std::uint32_t before = total;
      total += value;
      value = before;
    }
    return total;
  }

 private:
  std::uint64_t index_, blocks_;
  std::mt19937_64 random_;
  unsigned workers_;
};

class Device : public HostArrays {
 public:
  explicit Device(Stream) {}

  template <class Kernel>
  void launch(std::uint64_t blocks, const Kernel& kernel) {
    const auto [seed, workers] = emulation();
    std::mt19937_64 random(seed);
    // Races within blocks and races between blocks are looked for in turn, depending on the seed.
    const unsigned between = workers > 1 && seed % 2 == 0 ? workers : 1;
    const unsigned within = workers > 1 && seed % 2 == 1 ? workers : 1;
    in_any_order(blocks, random, between, [&](std::uint64_t index) {
      std::vector<std::max_align_t> memory(
          sizeof(typename Kernel::Shared) / sizeof(std::max_align_t) + 1);
      std::memset(memory.data(), 0xA5, memory.size() * sizeof(std::max_align_t));
      Block<Kernel::threads> block(index, blocks, seed + index, within);
      kernel(block, *reinterpret_cast<typename Kernel::Shared*>(memory.data()));
    });
  }

  template <class Kernel>
  std::uint64_t resident_blocks() const {
    return 3;
  }
};

}  // namespace collapse_stats::cuda
