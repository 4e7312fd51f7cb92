#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "key.hpp"
#include "ngram_table.hpp"

namespace collapse_stats {

/// The tokens at one position of the rows of a run, as Arrow keeps them: ids, and a bit per row,
/// the lowest of a byte first, that says whether there is one or the document has ended.
struct TokenColumn {
  std::uint32_t* ids;
  std::uint8_t* present;    ///< a whole number of 64-bit words
  std::size_t missing = 0;  ///< rows without one
};

/// The same, to be read.
struct TokenView {
  const std::uint32_t* ids;
  const std::uint8_t* present;  ///< null if no row is without one
  std::size_t first_bit;        ///< of `present`: the bit of the first row
};

/// Where keys go: one word each, or two.
struct KeyColumns {
  std::uint64_t* high;  ///< null if keys have one word
  std::uint64_t* low;
};

/// Token columns of rows, one for each position: 5 ns a row of five, as does `pack`.
void unpack(const Layout& layout, const Rows& rows, std::span<TokenColumn> columns);

/// Keys of token columns. Throws std::invalid_argument if an id is outside the vocabulary, a token
/// follows a missing one, or rows are not in strictly ascending order.
void pack(const Layout& layout, std::span<const TokenView> columns, std::size_t rows,
          KeyColumns keys);

}  // namespace collapse_stats
