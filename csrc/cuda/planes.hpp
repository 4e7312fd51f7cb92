#pragma once

#include "cuda/api.hpp"
#include "device.cuh"

/// Reading the planes of a position.
namespace collapse_stats::cuda {

struct Planes {
  const std::uint64_t* planes;
  std::uint64_t words;
  unsigned label_bits;

  DEVICE bool counted(std::uint64_t position) const { return bit(0, position); }

  DEVICE unsigned label(std::uint64_t position) const {
    unsigned label = 0;
    for (unsigned b = 0; b < label_bits; ++b)
      label |= static_cast<unsigned>(bit(2 + b, position)) << b;
    return label;
  }

  /// Number of tokens from `position` to the next cut, at most `most`.
  DEVICE unsigned length(std::uint64_t position, unsigned most) const {
    unsigned length = 1;
    while (length < most) {
      const std::uint64_t next = position + length;
      const std::uint64_t ahead = planes[words + next / 64] >> (next % 64);
      if (ahead != 0) {
        length += static_cast<unsigned>(trailing_zeros(ahead));
        return length < most ? length : most;
      }
      length += 64 - static_cast<unsigned>(next % 64);
    }
    return most;
  }

 private:
  DEVICE bool bit(unsigned plane, std::uint64_t position) const {
    return (planes[plane * words + position / 64] >> (position % 64) & 1U) != 0;
  }
};

}  // namespace collapse_stats::cuda
