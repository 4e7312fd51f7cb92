#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "../chunk.hpp"
#include "record.hpp"

namespace collapse_stats::cpu {

/// Windows that begin at consecutive tokens, stored in columns, between their tokens and their
/// records. Every step processes the whole block in loops without branches; the few windows that a
/// document's end cuts are corrected afterwards. Costs 1 ns per token, bound by arithmetic.
struct alignas(64) Block {
  static constexpr std::size_t capacity = 256;

  std::size_t size = 0;  ///< number of windows

  // Codes of the tokens at which windows begin, and of the max_order - 1 tokens after them.
  std::array<std::uint64_t, capacity + max_key_bits> codes;

  // Filled by `pack_codes` for each window, with zeros for codes past a document's end.
  std::array<std::uint64_t, capacity> second;               ///< the window's second code
  std::array<std::uint64_t, capacity> rest_high, rest_low;  ///< third and later codes, label

  // Filled by `make_records` for each window.
  std::array<std::uint32_t, capacity> key_range;
  std::array<std::uint64_t, capacity> head, tail;
};

/// Load the codes of the tokens from `first` on that `size` windows reach, and zeros past the
/// chunk's end. Returns whether every id is in the vocabulary. An id that is not gets its code all
/// the same, which may have too many bits. It may lie outside documents, see `check_ids`; or the ids
/// have changed since they were checked, so that the codes must be checked, not the ids again.
bool load_codes(const Chunk& chunk, std::size_t first, const Layout& layout, Block& block);

/// Whether all codes stand for ids of the vocabulary.
bool all_valid(const std::uint64_t* codes, std::size_t number, std::uint64_t vocab_size);

/// Fill the columns of the windows as if no document ended, with label 0.
void pack_codes(const Layout& layout, Block& block);

/// Mix the bigrams, and cut the keys into key range, head and tail.
void make_records(const RecordFormat& format, Block& block);

}  // namespace collapse_stats::cpu
