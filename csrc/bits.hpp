#pragma once

#include <cstdint>
#if defined(__CUDACC__)
#include <cuda/std/bit>
#else
#include <bit>
#endif

/// Bit counting for code that also runs on a GPU. nvcc cannot compile the 64-bit functions of
/// libstdc++'s <bit> for a GPU: it treats the builtins behind them as host functions and, without a
/// warning, stores a constant as the result. CUDA's own functions are correct on both sides.
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

/// Number of zero bits below the lowest set bit; 64 if no bit is set.
constexpr unsigned count_zeros_below(std::uint64_t word) {
  return static_cast<unsigned>(bits::countr_zero(word));
}

}  // namespace collapse_stats
