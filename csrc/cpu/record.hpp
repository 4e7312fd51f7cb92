#pragma once

#include <algorithm>
#include <cstdint>

#include "../key.hpp"

namespace collapse_stats::cpu {

/// A word whose lowest `bits` (0 to 64) bits are set.
constexpr std::uint64_t low_bits(unsigned bits) {
  return bits == 0 ? 0 : ~std::uint64_t{0} >> (64 - bits);
}

/// A word whose highest `bits` (0 to 64) bits are set.
constexpr std::uint64_t high_bits(unsigned bits) {
  return bits == 0 ? 0 : ~std::uint64_t{0} << (64 - bits);
}

/// A record is a window within its key range: the mixed key without its top `key_range_bits`,
/// followed by the label. Its first 64 bits are the head, padded with zeros if there are fewer; the
/// other `tail_bits` bits are the tail, right-aligned.
struct RecordFormat {
  Layout layout;
  unsigned key_range_bits;  ///< as many as in the layout, or more for many windows
  unsigned mixed_bits;      ///< of the mixed bigram, below the key range's bits
  unsigned rest_bits;       ///< of the other codes and the label
  unsigned tail_bits;

  RecordFormat(const Layout& counted, unsigned bits)
      : layout(counted),
        key_range_bits(bits),
        mixed_bits(counted.mix_bits - bits),
        rest_bits(counted.rest_bits + counted.label_bits),
        tail_bits(mixed_bits + rest_bits > 64 ? mixed_bits + rest_bits - 64 : 0) {}

  /// Number of bits of the key and its label.
  unsigned bits() const { return layout.key_bits + layout.label_bits; }

  unsigned tail_bytes() const {
    return tail_bits == 0 ? 0 : tail_bits <= 8 ? 1 : tail_bits <= 16 ? 2 : tail_bits <= 32 ? 4 : 8;
  }
};

}  // namespace collapse_stats::cpu
