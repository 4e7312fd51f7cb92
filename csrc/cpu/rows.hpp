#pragma once

#include <array>
#include <cstddef>
#include <span>

#include "../ngram_table.hpp"
#include "buffer.hpp"
#include "leaf.hpp"
#include "leaf_store.hpp"
#include "marks.hpp"

namespace collapse_stats::cpu {

/// Writes the rows of sorted leaves to a table, each once and in place: 3 ns per record, bound by
/// the bits that are set one by one, besides what the system takes to clear the pages of a new
/// table.
class RowEmitter final : public LeafSink {
 public:
  explicit RowEmitter(const RecordFormat& format) : marks_(format, format.layout.max_order) {}

  /// Where the rows of the leaves that follow go: from row `at` of `table` on.
  void write_to(NgramTable& table, std::size_t at);

  void leaf(const Leaf& leaf) override;

 private:
  void find_rows(const Leaf& leaf);
  void write_keys(const Leaf& leaf);
  template <unsigned labels>
  void write_counts(const Leaf& leaf);

  Marks marks_;
  std::array<std::uint64_t*, 2> keys_{};  // the next row's, by column; the last is the lower word
  std::array<Count*, max_labels> counts_{};
  std::size_t number_ = 0;    // of rows
  Buffer<std::size_t> ends_;  // of rows, in records
};

/// NgramTable of the leaves of ascending, disjoint key ranges.
NgramTable write_rows(const RecordFormat& format, std::span<const LeafStore> key_ranges,
                      unsigned threads);

}  // namespace collapse_stats::cpu
