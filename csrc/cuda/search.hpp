#pragma once

#include <cstdint>

#include "device.cuh"

/// Searching in ascending sequences.
namespace collapse_stats::cuda {

/// The first place from `first` up to, not including, `last` where `holds` is false; `last` if
/// there is none. `holds` must be true up to that place and false after it.
template <class Holds>
DEVICE std::uint64_t first_failing(std::uint64_t first, std::uint64_t last, Holds holds) {
  while (first < last) {
    const std::uint64_t middle = first + (last - first) / 2;
    if (holds(middle))
      first = middle + 1;
    else
      last = middle;
  }
  return first;
}

/// Like `first_failing`, but with steps that double after `step`, which is fast if the place is
/// near.
template <class Holds>
DEVICE std::uint64_t first_failing_near(std::uint64_t first, std::uint64_t last, std::uint64_t step,
                                        Holds holds) {
  while (step < last - first && holds(first + step)) {
    first += step + 1;
    step = 2 * step + 1;
  }
  return first_failing(first, step < last - first ? first + step : last, holds);
}

}  // namespace collapse_stats::cuda
