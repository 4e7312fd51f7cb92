#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "cpu/slab.hpp"
#include "key.hpp"

namespace collapse_stats {

/// Where rows go. Everything that counts ends in one of these.
/// Input: within a shard, strictly ascending keys; `counts` has one entry per label.
class RowSink {
 public:
  virtual ~RowSink() = default;
  virtual void row(Key key, const Count* counts) = 0;
};

/// A run: keys and counts by column, `words` and `labels` columns of `rows` entries each.
/// Invariant: keys strictly ascending, most significant word first; every row's counts have a
/// positive sum.
struct Run {
  Layout layout;
  std::size_t rows;
  std::unique_ptr<std::uint64_t[]> keys;
  std::unique_ptr<Count[]> counts;
};

/// A run of `rows` rows that are still to be written.
Run make_run(const Layout& layout, std::size_t rows);

/// A run that belongs to someone else. Its labels are counted under `first_label` and following.
struct RunView {
  std::size_t rows;
  const std::uint64_t* keys;
  const Count* counts;
  unsigned labels;
  unsigned first_label;

  Key key(std::size_t row, const Layout& layout) const {
    if (layout.words == 1) return keys[row];
    return Key{keys[row]} << 64 | keys[rows + row];
  }
};

/// Rows of one shard, in blocks of columns. Their memory is the arena's.
class RowWriter final : public RowSink {
 public:
  /// Not to be written to.
  RowWriter() = default;
  RowWriter(const Layout& layout, cpu::Arena& arena);

  void row(Key key, const Count* counts) override;

  /// Appends `number` rows by column: the words of the keys, then the counts of the labels.
  void append(std::span<const std::uint64_t* const> columns, std::size_t number);

  std::size_t rows() const { return blocks_.size() * block_rows_ - (block_rows_ - used_); }

  /// Writes the rows to `run` from row `at` on.
  void copy_to(Run& run, std::size_t at) const;

 private:
  void add_block();

  unsigned words_ = 0, labels_ = 0;
  std::size_t block_rows_ = 0;
  cpu::Arena* arena_ = nullptr;
  std::vector<std::uint64_t*> blocks_;
  std::size_t used_ = 0;  // of the last block; full if there is none
};

/// Run of the rows of writers over ascending, disjoint shards.
Run join(const Layout& layout, std::span<const RowWriter> shards, unsigned threads);

/// The rows of `runs` whose keys lie in `first <= key <= last`, counts of equal keys added.
/// Output: strictly ascending rows with `labels` counts. Throws std::invalid_argument when a run
/// is not ascending.
void merge_rows(const Layout& layout, std::span<const RunView> runs, Key first, Key last,
                RowSink& sink);

/// Run of all windows of `runs`.
Run merge(const Layout& layout, std::span<const RunView> runs, unsigned threads);

}  // namespace collapse_stats
