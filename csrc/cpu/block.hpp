#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "../chunk.hpp"
#include "record.hpp"

namespace collapse_stats::cpu {

/// Windows that begin at consecutive tokens, in columns, on their way from tokens to records.
/// Everything is done to the whole block by loops without branches, then mended for the few windows
/// that a document's end cuts: 1 ns per token, bound by arithmetic.
struct alignas(64) Block {
  static constexpr std::size_t capacity = 256;

  std::size_t size = 0;  ///< windows

  // Of the tokens: those of the windows' beginnings and the max_order - 1 behind them.
  std::array<std::uint64_t, capacity + max_key_bits> codes;

  // Of the windows, by `pack_codes`; zeros are written for what lies past a document's end.
  std::array<std::uint64_t, capacity> second;               ///< second code
  std::array<std::uint64_t, capacity> rest_high, rest_low;  ///< third code and on, label

  // Of the records, by `make_records`.
  std::array<std::uint32_t, capacity> key_range;
  std::array<std::uint64_t, capacity> head, tail;
};

/// Codes of `number` tokens from `first` on, then zeros up to what `size` windows reach. Ids that
/// are outside the vocabulary (in no document: see `check_ids`) give some code.
void load_codes(const Chunk& chunk, std::size_t first, const Layout& layout, Block& block);

/// Columns of the windows, as if no document ended, with label 0.
void pack_codes(const Layout& layout, Block& block);

/// Mixes the bigrams and cuts keys into key range, head and tail.
void make_records(const RecordFormat& format, Block& block);

}  // namespace collapse_stats::cpu
