#pragma once

#include "key.hpp"

/// The bucket of a window, which its first tokens determine.
namespace collapse_stats::cuda {

/// A bijection of numbers of 1 to 128 bits. Each of the top bits depends on the whole input, so
/// that neither frequent tokens nor consecutive ids share a bucket more often than others.
constexpr Key mix_prefix(Key prefix, unsigned bits) {
  constexpr std::uint64_t first = 0xD6E8FEB86659FD93, second = 0xA0761D6478BD642F;
  const unsigned half = (bits + 1) / 2;
  if (bits <= 64) {  // nearly all prefixes fit, and 64-bit arithmetic is faster
    const auto mask = static_cast<std::uint64_t>(low_mask(bits));
    auto mixed = static_cast<std::uint64_t>(prefix) & mask;
    mixed ^= mixed >> half;
    mixed = (mixed * first) & mask;
    mixed ^= mixed >> half;
    return (mixed * second) & mask;
  }
  Key mixed = prefix & low_mask(bits);
  mixed ^= mixed >> half;
  mixed = (mixed * first) & low_mask(bits);
  mixed ^= mixed >> half;
  return (mixed * second) & low_mask(bits);
}

/// The top `number` bits of a mixed prefix of `bits` bits.
constexpr std::uint32_t top_bits(Key mixed, unsigned bits, unsigned number) {
  return static_cast<std::uint32_t>(mixed >> (bits - number));
}

}  // namespace collapse_stats::cuda
