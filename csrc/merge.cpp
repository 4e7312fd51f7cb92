#include "merge.hpp"

#include <algorithm>
#include <stdexcept>
#include <string>

#include "cpu/parallel.hpp"

namespace collapse_stats {
namespace {

/// The first row at or after `row` whose key is not below `key`.
std::size_t lower_bound(const NgramTableView& table, const Layout& layout, std::size_t row,
                        std::size_t end, Key key) {
  for (std::size_t length = end - row; length > 0;) {
    const std::size_t half = length / 2;
    if (table.key(row + half, layout) < key) {
      row += half + 1;
      length -= half + 1;
    } else {
      length = half;
    }
  }
  return row;
}

template <unsigned words>
Key key_of(const Rows& rows, std::size_t row) {
  if constexpr (words == 1) return rows.low[row];
  return Key{rows.high[row]} << 64 | rows.low[row];
}

}  // namespace

void Merger::merge(std::span<const NgramTableView> tables, Key first, Key last, RowSink& sink) {
  slices_.clear();
  for (const NgramTableView& table : tables) {
    const std::size_t begin = lower_bound(table, layout_, 0, table.rows, first);
    const std::size_t end = last == low_mask(layout_.key_bits)
                                ? table.rows
                                : lower_bound(table, layout_, begin, table.rows, last + 1);
    if (begin < end) slices_.push_back({&table, begin, end});
  }
  while (!slices_.empty()) {
    take_block();
    merge_block(sink);
  }
}

/// Take from every slice the rows below some key, chosen such that at most `block_rows` rows come
/// from the longest slice.
void Merger::take_block() {
  const Slice& largest =
      *std::max_element(slices_.begin(), slices_.end(), [](const Slice& left, const Slice& right) {
        return left.end - left.row < right.end - right.row;
      });
  const bool all = largest.end - largest.row <= block_rows;
  const Key until = all ? 0 : largest.table->key(largest.row + block_rows, layout_);

  block_.clear();
  for (Slice& slice : slices_) {
    const NgramTableView& table = *slice.table;
    const std::size_t end =
        all ? slice.end : lower_bound(table, layout_, slice.row, slice.end, until);
    if (end == slice.row) continue;
    block_.push_back(table.rows_between(slice.row, end, layout_));
    slice.row = end;
  }
  // The caller's keys may change after `check_ascending`, and then no slice or a wrong one advances.
  const bool fits = block_.size() != 1 || block_.front().size <= block_rows;
  if (block_.empty() || !fits)
    throw std::invalid_argument(
        "the keys of a table changed while it was merged: another thread writes to them; merge a "
        "copy");
  std::erase_if(slices_, [](const Slice& slice) { return slice.row == slice.end; });
}

void Merger::merge_block(RowSink& sink) {
  std::size_t used = 0;
  while (block_.size() > 1) {  // merging neighbours moves each row as seldom as possible
    std::size_t number = 0;
    for (std::size_t at = 0; at + 1 < block_.size(); at += 2) {
      if (used == merged_.size()) merged_.emplace_back();
      block_[number++] = merge_two(block_[at], block_[at + 1], merged_[used++]);
    }
    if (block_.size() % 2 == 1) block_[number++] = block_.back();
    block_.resize(number);
  }
  Rows& rows = block_.front();
  for (unsigned label = 0; label < layout_.labels; ++label)
    if (rows.counts[label] == nullptr) rows.counts[label] = zeros_.data();
  sink.rows(rows);
}

Rows Merger::merge_two(const Rows& left, const Rows& right, Merged& out) {
  Rows rows{};
  rows.size =
      layout_.words == 1 ? merge_keys<1>(left, right, out) : merge_keys<2>(left, right, out);
  rows.high = out.high.data();
  rows.low = out.low.data();
  for (unsigned label = 0; label < layout_.labels; ++label) {
    Count* const counts = out.counts[label].reserve(rows.size);
    merge_counts(left, right, rows.size, label, counts);
    rows.counts[label] = counts;
  }
  return rows;
}

/// Returns the number of merged keys.
template <unsigned words>
std::size_t Merger::merge_keys(const Rows& left, const Rows& right, Merged& out) {
  const std::size_t most = left.size + right.size;
  std::uint64_t* const high = words == 2 ? out.high.reserve(most) : nullptr;
  std::uint64_t* const low = out.low.reserve(most);
  std::uint32_t* const left_at = left_at_.reserve(left.size);
  std::uint32_t* const right_at = right_at_.reserve(right.size);
  std::uint32_t at = 0;
  const auto put = [&](Key key) {
    if constexpr (words == 2) high[at] = static_cast<std::uint64_t>(key >> 64);
    low[at] = static_cast<std::uint64_t>(key);
  };

  std::size_t i = 0, j = 0;
  for (; i < left.size && j < right.size; ++at) {
    const Key mine = key_of<words>(left, i);
    const Key theirs = key_of<words>(right, j);
    const bool from_left = mine <= theirs;
    const bool from_right = theirs <= mine;
    put(from_left ? mine : theirs);
    left_at[i] = at;  // overwritten until the row is taken
    right_at[j] = at;
    i += from_left;
    j += from_right;
  }
  for (; i < left.size; ++i, ++at) {
    put(key_of<words>(left, i));
    left_at[i] = at;
  }
  for (; j < right.size; ++j, ++at) {
    put(key_of<words>(right, j));
    right_at[j] = at;
  }
  return at;
}

void Merger::merge_counts(const Rows& left, const Rows& right, std::size_t rows, unsigned label,
                          Count* out) {
  std::fill_n(out, rows, 0);
  if (const Count* counts = left.counts[label])
    for (std::size_t row = 0; row < left.size; ++row) out[left_at_.data()[row]] = counts[row];
  if (const Count* counts = right.counts[label])
    for (std::size_t row = 0; row < right.size; ++row) out[right_at_.data()[row]] += counts[row];
}

void check_ascending(const Layout& layout, std::span<const NgramTableView> tables,
                     unsigned threads) {
  constexpr std::size_t piece = std::size_t{1} << 18;
  for (const NgramTableView& table : tables)
    parallel_for((table.rows + piece - 1) / piece, threads, [&](std::size_t task, unsigned) {
      std::size_t row = std::max<std::size_t>(task * piece, 1);
      const std::size_t end = std::min((task + 1) * piece, table.rows);
      const Rows all = table.rows_between(0, table.rows, layout);
      if (ascends(all.high, all.low, row, end)) return;
      while (row + 1 < end && table.key(row, layout) > table.key(row - 1, layout)) ++row;
      throw std::invalid_argument("the keys of a table must be strictly ascending, but row " +
                                  std::to_string(row) +
                                  " is not above the row before it: count the table again");
    });
}

NgramTable merge(const Layout& layout, std::span<const NgramTableView> tables, unsigned threads) {
  check_threads(threads);
  check_ascending(layout, tables, threads);
  std::vector<cpu::Arena> arenas(threads);
  std::vector<Merger> mergers;
  for (unsigned worker = 0; worker < threads; ++worker) mergers.emplace_back(layout);
  std::vector<RowWriter> key_ranges(layout.key_ranges());
  const unsigned shift = layout.key_bits - layout.key_range_bits;
  parallel_for(key_ranges.size(), threads, [&](std::size_t key_range, unsigned worker) {
    const Key first = Key{key_range} << shift;
    key_ranges[key_range] = RowWriter(layout, arenas[worker]);
    mergers[worker].merge(tables, first, first | low_mask(shift), key_ranges[key_range]);
  });
  return join(layout, key_ranges, threads);
}

}  // namespace collapse_stats
