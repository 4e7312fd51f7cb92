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
  unsigned first_key_range;                ///< windows of other key ranges are ignored
  unsigned last_key_range;                 ///< exclusive
  std::uint32_t piece_windows = 1U << 20;  ///< of a thread at a time: affects only speed
};

/// Throws std::invalid_argument if the key ranges lie outside those of the layout, or a number is
/// too small or too large.
void check(const CounterConfig& config);

/// Counts the windows of chunks.
class Counter {
 public:
  virtual ~Counter() = default;

  /// Count the windows of a chunk; the tokens are not needed afterwards. Throws
  /// std::invalid_argument, without counting anything, if an id lies outside the vocabulary or a
  /// span outside the tokens; and, when it has lost what was added before, if the chunk's arrays
  /// change meanwhile so that this is so later.
  virtual void add(const Chunk& chunk) = 0;

  /// Return the table of all windows added so far, and empty the counter.
  virtual NgramTable table() = 0;

  /// Return the table of the windows added so far in the key ranges from `first_key_range` up to,
  /// not including, `last_key_range`, and remove only those from the counter. Text that was counted
  /// once can thus be taken out one stretch of key ranges after another, in little memory.
  virtual NgramTable table(unsigned first_key_range, unsigned last_key_range) = 0;

  /// Return the joint spectra of all windows added so far, without building a table, and empty the
  /// counter.
  virtual JointSpectra spectra(std::span<const Masks> masks) = 0;

  /// Scan the windows added so far for the next call of `spectra`, which must use the same masks.
  /// Then empty the counter and set it to count the windows of other key ranges, none of which may
  /// have been part of a pass since the last call of `spectra`. In this way a key space larger than
  /// memory is counted in several passes.
  virtual void next_pass(std::span<const Masks> masks, unsigned first_key_range,
                         unsigned last_key_range) = 0;
};

}  // namespace collapse_stats
