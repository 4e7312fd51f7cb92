#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "block.hpp"
#include "key_range_lists.hpp"
#include "piece.hpp"

namespace collapse_stats::cpu {

/// Turns the windows of pieces into records, one block at a time. Costs 4 ns per token for five
/// orders of 16 bits, bound by arithmetic and then by the buffers of the lists, which fill the
/// cache.
///
/// Input: pieces in any order. Output: the records of each key range in the order of pieces and
/// windows.
class Partitioner {
 public:
  Partitioner(const RecordFormat& format, unsigned first_key_range, unsigned last_key_range);

  /// Append the records of the piece's windows to `lists`, whose first key range is
  /// `first_key_range`. Windows of key ranges that are not wanted are ignored. Throws
  /// std::invalid_argument if an id of the windows is not valid, which `check_ids` has found to be.
  template <class Tail>
  void partition(const Chunk& chunk, const Piece& piece, KeyRangeLists<Tail>& lists) {
    Place place{piece.span, piece.start, piece.windows};
    while (next_block(chunk, place)) {
      if (wanted_ == 1U << format_.key_range_bits)
        lists.append(block_);
      else
        lists.append(block_, first_key_range_, select());
    }
    stream_fence();
  }

 private:
  /// Position in a piece.
  struct Place {
    std::size_t span, token, windows;
  };

  /// The part of a span that lies in the block.
  struct Stretch {
    std::size_t offset, size;
    std::size_t left;  ///< tokens from its first window to the document's end
    std::uint8_t label;
  };

  /// Selected bits of a rest.
  struct Mask {
    std::uint64_t high, low;
  };

  /// Fill the block with the records of the next windows that begin at consecutive tokens. Returns
  /// false at the end of the piece.
  bool next_block(const Chunk& chunk, Place& place);
  std::size_t cover(const Chunk& chunk, Place& next);
  void check_codes();
  void cut_at_document_end(const Stretch& stretch);
  void add_label(const Stretch& stretch);
  std::span<const std::uint32_t> select();

  const RecordFormat format_;
  const unsigned first_key_range_;
  const unsigned wanted_;
  std::array<Mask, max_key_bits + 1> kept_;  // by tokens left: bits of the rest to keep
  std::array<Stretch, Block::capacity> stretches_;
  std::size_t stretch_count_ = 0;
  std::array<std::uint32_t, Block::capacity> selected_;
  Block block_;
};

}  // namespace collapse_stats::cpu
