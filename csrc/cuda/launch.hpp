#pragma once

#include <cstddef>

namespace collapse_stats::cuda {

/// Dynamic shared memory that a kernel must be allowed before it can be started with so much; 0 if
/// none. A block has 48 KB without asking, and what its kernel declares static, which only the
/// compiler knows, is part of that: so what could be too much beside 16 KB is asked for.
constexpr std::size_t shared_to_ask_for(std::size_t dynamic) {
  constexpr std::size_t granted = 48U << 10, most_static = 16U << 10;
  return dynamic + most_static > granted ? dynamic : 0;
}

}  // namespace collapse_stats::cuda
