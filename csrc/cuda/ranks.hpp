#pragma once

#include "cuda/api.hpp"
#include "device.cuh"

/// Counting the set bits before any place of a bitmap.
namespace collapse_stats::cuda {

constexpr unsigned word_bits = 64;

/// Number of words of a bitmap, with room for a query one past its last bit.
constexpr std::uint64_t bitmap_words(std::uint64_t bits) { return bits / word_bits + 1; }

/// The bits below the place of `at` in its word.
constexpr std::uint64_t bits_below(std::uint64_t at) {
  return (std::uint64_t{1} << at % word_bits) - 1;
}

/// A bitmap, and the number of set bits before each of its words and in total.
struct Ranks {
  const std::uint64_t* bits;
  const std::uint64_t* before;

  DEVICE bool at(std::uint64_t place) const {
    return (bits[place / word_bits] >> place % word_bits & 1U) != 0;
  }

  /// Number of set bits before `place`.
  DEVICE std::uint64_t rank(std::uint64_t place) const {
    const std::uint64_t word = place / word_bits;
    return before[word] + count_ones(bits[word] & bits_below(place));
  }
};

/// Collects the bits of `threads * items` places of a block.
template <unsigned Threads, unsigned Items>
struct BitmapTile {
  static constexpr unsigned places = Threads * Items, words = places / word_bits;
  std::uint32_t halves[places / 32];

  DEVICE std::uint64_t word(unsigned at) const {
    return std::uint64_t{halves[2 * at + 1]} << 32 | halves[2 * at];
  }
};

}  // namespace collapse_stats::cuda
