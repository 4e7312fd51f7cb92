#pragma once

#include <cstdint>
#if defined(__CUDACC__)
#include <cuda/std/bit>
#else
#include <bit>
#endif

/// Counting bits in code that also runs on a GPU. nvcc does not compile the 64-bit functions of
/// libstdc++'s <bit> for a GPU: it takes the builtins behind them for functions of the host, and
/// what is stored is a constant, without a warning. CUDA's own are right on both sides.
namespace collapse_stats {

#if defined(__CUDACC__)
namespace bits = ::cuda::std;
#else
namespace bits = ::std;
#endif

constexpr unsigned bit_width(std::uint64_t word) {
  return static_cast<unsigned>(bits::bit_width(word));
}

constexpr unsigned count_ones(std::uint64_t word) {
  return static_cast<unsigned>(bits::popcount(word));
}

/// Zero bits below the lowest set bit; 64 if none is set.
constexpr unsigned count_zeros_below(std::uint64_t word) {
  return static_cast<unsigned>(bits::countr_zero(word));
}

}  // namespace collapse_stats
