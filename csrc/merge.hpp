#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "cpu/buffer.hpp"
#include "ngram_table.hpp"

namespace collapse_stats {

/// Merges tables two by two, in blocks that stay in cache. Keys come first, by a loop without
/// branches that notes where each row went; then the counts, column by column. 5 ns a row of
/// either table, bound by the latency of that loop. One for each thread: it keeps its memory.
class Merger {
 public:
  /// Labels of what is merged are those of the layout.
  explicit Merger(const Layout& layout) : layout_(layout), zeros_(block_rows) {}

  /// Hands on the rows of `tables` with `first <= key <= last`, counts of equal keys added.
  /// Input: ascending tables, see `check_ascending`.
  void merge(std::span<const NgramTableView> tables, Key first, Key last, RowSink& sink);

 private:
  static constexpr std::size_t block_rows = 4096;

  /// Rows of a table that are still to be merged.
  struct Slice {
    const NgramTableView* table;
    std::size_t row, end;
  };

  /// Rows that were merged.
  struct Merged {
    cpu::Buffer<std::uint64_t> high, low;
    std::array<cpu::Buffer<Count>, max_labels> counts;
  };

  void take_block();
  void merge_block(RowSink& sink);
  Rows merge_two(const Rows& left, const Rows& right, Merged& out);
  template <unsigned words>
  std::size_t merge_keys(const Rows& left, const Rows& right, Merged& out);
  void merge_counts(const Rows& left, const Rows& right, std::size_t rows, unsigned label,
                    Count* out);

  Layout layout_;
  std::vector<Slice> slices_;
  std::vector<Rows> block_;     // what is merged next: counts of labels that are not there are null
  std::vector<Merged> merged_;  // one for each merge of two
  cpu::Buffer<std::uint32_t> left_at_, right_at_;  // where rows went
  std::vector<Count> zeros_;
};

/// Throws std::invalid_argument when the keys of a table are not strictly ascending.
void check_ascending(const Layout& layout, std::span<const NgramTableView> tables,
                     unsigned threads);

/// NgramTable of all windows of `tables`.
NgramTable merge(const Layout& layout, std::span<const NgramTableView> tables, unsigned threads);

}  // namespace collapse_stats
