#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "record.hpp"

namespace collapse_stats::cpu {

/// The record at `place` of a leaf counts `number` times more under `label`.
struct Extra {
  std::size_t place;
  unsigned label;
  Count number;
};

/// Sorted records that share the top `known_bits` bits of their keys, all there are; whole bigrams.
/// What is left of key and label is `high`, of which the upper `high_size` bits count (the others
/// are zero), and if that is not enough `low`, both left-aligned. Columns may be read up to
/// `padding` entries behind the end.
struct Leaf {
  static constexpr std::size_t padding = 72;

  const RecordFormat* format;
  std::size_t size;  ///< at least 1
  const std::uint64_t* high;
  const std::uint64_t* low;  ///< null if `high` is all
  unsigned high_size;
  unsigned known_bits;
  Key known;
  std::span<const Extra> extras;  ///< ascending places

  /// Bits of key and label below the known ones.
  unsigned unknown_bits() const { return format->bits() - known_bits; }

  /// The mixed key of a record and, below it, its label.
  Key labelled_rest(std::size_t place) const {
    const Key words =
        Key{high[place]} << 64 | (low == nullptr ? 0 : Key{low[place]} << (64 - high_size));
    return unknown_bits() == 0 ? 0 : words >> (128 - unknown_bits());
  }

  /// The mixed key of a record.
  Key key(std::size_t place) const {
    const unsigned below = format->layout.key_bits - known_bits;
    return known << below | labelled_rest(place) >> format->layout.label_bits;
  }
};

/// Where leaves go. Input: whole key ranges, leaves of a key range in ascending order.
class LeafSink {
 public:
  virtual ~LeafSink() = default;
  virtual void leaf(const Leaf& leaf) = 0;
};

}  // namespace collapse_stats::cpu
