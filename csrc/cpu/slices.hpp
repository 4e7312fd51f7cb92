#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>

#include "parallel.hpp"

namespace collapse_stats {

/// How many slices `for_slices` makes: more than threads, because slices differ in their work.
inline std::size_t slices_of(std::size_t size, unsigned threads) {
  constexpr std::size_t per_thread = 8, least = 256;
  return std::min(threads * per_thread, (size + least - 1) / least);
}

/// Call `body(first, end)` or `body(first, end, slice)` for adjacent slices of the numbers below
/// `size`.
template <class Body>
void for_slices(std::size_t size, unsigned threads, const Body& body) {
  const std::size_t slices = slices_of(size, threads);
  parallel_for(slices, threads, [&](std::size_t slice, unsigned) {
    const std::size_t first = size / slices * slice;
    const std::size_t end = slice + 1 == slices ? size : first + size / slices;
    if constexpr (std::invocable<Body, std::size_t, std::size_t, std::size_t>)
      body(first, end, slice);
    else
      body(first, end);
  });
}

}  // namespace collapse_stats
