#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "cpu/slab.hpp"
#include "key.hpp"

namespace collapse_stats {

/// Some rows of a table as columns: strictly ascending keys, and the counts of each label.
struct Rows {
  std::size_t size;
  const std::uint64_t* high;  ///< null if keys have one word
  const std::uint64_t* low;
  std::array<const Count*, max_labels> counts;
};

/// Whether every row `first <= row < end` is above the row before it; `first` must be at least 1.
bool ascends(const std::uint64_t* high, const std::uint64_t* low, std::size_t first,
             std::size_t end);

/// A receiver of merged rows. Input: any number of blocks, each above the one before it within a
/// key range.
class RowSink {
 public:
  virtual ~RowSink() = default;
  virtual void rows(const Rows& rows) = 0;
};

/// An n-gram table: the sorted unique windows with their counts. Keys and counts are stored as
/// `words` and `labels` columns of `rows` entries each. Invariant: the keys are strictly ascending,
/// most significant word first, and the counts of every row have a positive sum.
struct NgramTable {
  Layout layout;
  std::size_t rows;
  std::unique_ptr<std::uint64_t[]> keys;
  std::unique_ptr<Count[]> counts;
};

/// Allocate a table of `rows` rows, to be filled by the caller.
NgramTable make_table(const Layout& layout, std::size_t rows);

/// A view of a table, or of some of its rows. Its labels are counted from `first_label` on.
struct NgramTableView {
  std::size_t rows;
  const std::uint64_t* keys;
  const Count* counts;
  std::size_t key_stride;  ///< distance between columns, in entries
  std::size_t count_stride;
  unsigned labels;
  unsigned first_label;

  Key key(std::size_t row, const Layout& layout) const {
    if (layout.words == 1) return keys[row];
    return Key{keys[row]} << 64 | keys[key_stride + row];
  }

  /// Rows `first <= row < last`. The counts of labels that the view does not have are null.
  Rows rows_between(std::size_t first, std::size_t last, const Layout& layout) const {
    Rows rows{};
    rows.size = last - first;
    rows.high = layout.words == 2 ? keys + first : nullptr;
    rows.low = keys + (layout.words - 1) * key_stride + first;
    for (unsigned label = 0; label < labels; ++label)
      rows.counts[first_label + label] = counts + label * count_stride + first;
    return rows;
  }
};

/// Stores the rows of one key range in blocks of columns, in memory of an arena.
class RowWriter final : public RowSink {
 public:
  /// An empty writer, which must not be written to.
  RowWriter() = default;
  RowWriter(const Layout& layout, cpu::Arena& arena);

  void rows(const Rows& rows) override;

  /// Append `number` rows given as columns: the words of the keys, then the counts of the labels.
  void append(std::span<const std::uint64_t* const> columns, std::size_t number);

  std::size_t size() const { return blocks_.size() * block_rows_ - (block_rows_ - used_); }

  /// Copy the rows into `table`, beginning at its row `at`.
  void copy_to(NgramTable& table, std::size_t at) const;

 private:
  void add_block();

  unsigned words_ = 0, labels_ = 0;
  std::size_t block_rows_ = 0;
  cpu::Arena* arena_ = nullptr;
  std::vector<std::uint64_t*> blocks_;
  std::size_t used_ = 0;  // rows in the last block; `block_rows_` if there is no block
};

/// Return the table that consists of the rows of writers over ascending, disjoint key ranges.
NgramTable join(const Layout& layout, std::span<const RowWriter> key_ranges, unsigned threads);

}  // namespace collapse_stats
