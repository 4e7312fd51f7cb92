#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "record.hpp"

namespace collapse_stats::cpu {

/// The record at `place` of a leaf counts `number` times more, under `label`.
struct Extra {
  std::size_t place;
  unsigned label;
  Count number;
};

/// All records whose keys share the top `known_bits` bits, sorted. A leaf contains whole bigrams.
/// `high` holds what is left of key and label, left-aligned, in its upper `high_size` bits (the
/// other bits are zero); what does not fit is in `low`, left-aligned as well. Columns can be read
/// up to `padding` entries beyond their end.
struct Leaf {
  static constexpr std::size_t padding = 72;

  const RecordFormat* format;
  std::size_t size;  ///< at least 1
  const std::uint64_t* high;
  const std::uint64_t* low;  ///< null if `high` is enough
  unsigned high_size;
  unsigned known_bits;
  Key known;
  std::span<const Extra> extras;  ///< by ascending place

  /// Number of bits of key and label below the known ones.
  unsigned unknown_bits() const { return format->bits() - known_bits; }

  /// The unknown bits of a record's mixed key and, below them, its label.
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

/// A receiver of leaves. Input: whole key ranges, the leaves of each in ascending order.
class LeafSink {
 public:
  virtual ~LeafSink() = default;
  virtual void leaf(const Leaf& leaf) = 0;
};

}  // namespace collapse_stats::cpu
