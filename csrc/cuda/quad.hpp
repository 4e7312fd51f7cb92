#pragma once

#include <cstdint>

namespace collapse_stats::cuda {

/// Four words that are read from shared memory in one access.
struct alignas(16) Quad {
  std::uint32_t of[4];
};

}  // namespace collapse_stats::cuda
