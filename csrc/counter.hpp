#pragma once

#include <cstddef>
#include <span>

#include "chunk.hpp"
#include "key.hpp"
#include "ngram_table.hpp"
#include "spectrum.hpp"

namespace collapse_stats {

struct CounterConfig {
  Layout layout;
  unsigned threads;
  unsigned first_key_range;                ///< windows of other key ranges are dropped as they come
  unsigned last_key_range;                 ///< one past the last
  std::uint32_t piece_windows = 1U << 20;  ///< work of one thread at a time: speed only
};

/// Counts the windows of chunks.
class Counter {
 public:
  virtual ~Counter() = default;

  /// Takes in a chunk; the tokens are not needed afterwards. Throws std::invalid_argument, and
  /// takes in nothing, if an id lies outside the vocabulary or a span outside the tokens.
  virtual void add(const Chunk& chunk) = 0;

  /// NgramTable of everything taken in; leaves the counter empty.
  virtual NgramTable table() = 0;

  /// NgramTable of what was taken in of key ranges `first_key_range <= key range < last_key_range`,
  /// and only that leaves the counter: what is counted once can be taken out range after range, in
  /// little memory.
  virtual NgramTable table(unsigned first_key_range, unsigned last_key_range) = 0;

  /// Joint spectra of everything taken in, without building a table; leaves the counter empty.
  virtual JointSpectra spectra(std::span<const Masks> masks) = 0;

  /// Counts everything taken in towards the next `spectra`, which must be asked for with the same
  /// masks, and empties the counter for the windows of other key ranges: of a range that no pass
  /// since the last `spectra` had a part of. So a key space larger than memory is counted range by
  /// range.
  virtual void next_pass(std::span<const Masks> masks, unsigned first_key_range,
                         unsigned last_key_range) = 0;
};

}  // namespace collapse_stats
