#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "key.hpp"
#include "ngram_table.hpp"

namespace collapse_stats {

/// The tokens at one position of a table's rows in Arrow's format: ids, and one bit per row, the
/// lowest bit of a byte first, which is 0 where the document has ended before this position.
struct TokenColumn {
  std::uint32_t* ids;
  std::uint8_t* present;    ///< padded to a whole number of 64-bit words
  std::size_t missing = 0;  ///< number of rows without a token at this position
};

/// A `TokenColumn` that is only read.
struct TokenView {
  const std::uint32_t* ids;
  const std::uint8_t* present;  ///< null if every row has a token
  std::size_t first_bit;        ///< index in `present` of the first row's bit
};

/// Memory for keys of one or two words.
struct KeyColumns {
  std::uint64_t* high;  ///< null if keys have one word
  std::uint64_t* low;
};

/// Write the token columns of rows, one for each position. Costs 5 ns per row of five tokens, as
/// does `pack`.
void unpack(const Layout& layout, const Rows& rows, std::span<TokenColumn> columns);

/// Write the keys of token columns. Throws std::invalid_argument if an id is outside the
/// vocabulary, a token follows a missing one, or the rows are not in strictly ascending order.
void pack(const Layout& layout, std::span<const TokenView> columns, std::size_t rows,
          KeyColumns keys);

}  // namespace collapse_stats
