#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "ngram_table.hpp"

namespace collapse_stats {

/// The n-grams of one order in lexicographic order, as columns. A number is a place among them.
/// `python/collapse_stats/ngrams/links.py` says what the columns mean.
struct LinkedOrder {
  std::size_t inner = 0;  ///< how many there are but for those at the begin of a document
  std::size_t size = 0;
  std::size_t capacity = 0;  ///< distance between the counts of two labels, in entries
  std::unique_ptr<std::uint32_t[]> last, suffix;  ///< null for order 1
  std::unique_ptr<std::uint32_t[]> children, preceded;  ///< null for order 1
  std::unique_ptr<Count[]> counts;
};

struct Links {
  std::vector<std::uint32_t> ids;  ///< the token ids that occur, ascending
  std::vector<LinkedOrder> orders;
};

/// Arrange the n-grams of a table of windows of two tokens or more, up to an order, each linked to
/// the shorter ones in it. Costs some 80 ns per n-gram, of which a third is memory that is new.
/// Throws std::invalid_argument if the table is not that of whole documents.
Links link(const Layout& layout, const NgramTableView& table, unsigned order, unsigned threads);

/// For each of `size` n-grams, given by the number of its prefix and by its last symbol, write its
/// number among those of its order, or -1 if it does not occur. The children of prefix p have the
/// numbers `children[p]` to `children[p + 1] - 1` and the last symbols `last`, which ascend. Throws
/// std::invalid_argument for a number that no prefix has.
void find_linked(std::span<const std::uint32_t> children, std::span<const std::uint32_t> last,
                 const std::int64_t* prefix, const std::int64_t* symbol, std::size_t size,
                 std::int64_t* found, unsigned threads);

}  // namespace collapse_stats
