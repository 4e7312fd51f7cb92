#include "ngram_table.hpp"

#include <algorithm>
#include <array>

#include "cpu/parallel.hpp"

namespace collapse_stats {

bool ascends(const std::uint64_t* high, const std::uint64_t* low, std::size_t first,
             std::size_t end) {
  std::uint64_t wrong = 0;  // no early exit, so that the loops can be vectorised
  if (high == nullptr)
    for (std::size_t row = first; row < end; ++row)
      wrong |= std::uint64_t{low[row] <= low[row - 1]};
  else
    for (std::size_t row = first; row < end; ++row)
      wrong |= std::uint64_t{high[row] < high[row - 1]} |
               std::uint64_t{high[row] == high[row - 1] && low[row] <= low[row - 1]};
  return wrong == 0;
}

NgramTable make_table(const Layout& layout, std::size_t rows) {
  NgramTable table{layout, rows,
                   std::make_unique_for_overwrite<std::uint64_t[]>(rows * layout.words),
                   std::make_unique_for_overwrite<Count[]>(rows * layout.labels)};
  cpu::advise_huge_pages(table.keys.get(), rows * layout.words * sizeof(std::uint64_t));
  cpu::advise_huge_pages(table.counts.get(), rows * layout.labels * sizeof(Count));
  return table;
}

RowWriter::RowWriter(const Layout& layout, cpu::Arena& arena)
    : words_(layout.words),
      labels_(layout.labels),
      block_rows_(cpu::part_bytes / sizeof(std::uint64_t) / (words_ + labels_)),
      arena_(&arena),
      used_(block_rows_) {}

void RowWriter::add_block() {
  blocks_.push_back(nullptr);
  blocks_.back() = reinterpret_cast<std::uint64_t*>(arena_->take_part());
  used_ = 0;
}

void RowWriter::rows(const Rows& rows) {
  std::array<const std::uint64_t*, 2 + max_labels> columns;
  std::size_t used = 0;
  if (words_ == 2) columns[used++] = rows.high;
  columns[used++] = rows.low;
  for (unsigned label = 0; label < labels_; ++label) columns[used++] = rows.counts[label];
  append({columns.data(), used}, rows.size);
}

void RowWriter::append(std::span<const std::uint64_t* const> columns, std::size_t number) {
  for (std::size_t first = 0; first < number;) {
    if (used_ == block_rows_) add_block();
    const std::size_t rows = std::min(number - first, block_rows_ - used_);
    for (std::size_t column = 0; column < columns.size(); ++column)
      std::copy_n(columns[column] + first, rows, blocks_.back() + column * block_rows_ + used_);
    used_ += rows;
    first += rows;
  }
}

void RowWriter::copy_to(NgramTable& table, std::size_t at) const {
  for (const std::uint64_t* block : blocks_) {
    const std::size_t rows = block == blocks_.back() ? used_ : block_rows_;
    for (unsigned word = 0; word < words_; ++word)
      std::copy_n(block + word * block_rows_, rows, table.keys.get() + word * table.rows + at);
    for (unsigned label = 0; label < labels_; ++label)
      std::copy_n(block + (words_ + label) * block_rows_, rows,
                  table.counts.get() + label * table.rows + at);
    at += rows;
  }
}

NgramTable join(const Layout& layout, std::span<const RowWriter> key_ranges, unsigned threads) {
  std::vector<std::size_t> at(key_ranges.size() + 1, 0);
  for (std::size_t key_range = 0; key_range < key_ranges.size(); ++key_range)
    at[key_range + 1] = at[key_range] + key_ranges[key_range].size();
  NgramTable table = make_table(layout, at.back());
  parallel_for(key_ranges.size(), threads, [&](std::size_t key_range, unsigned) {
    key_ranges[key_range].copy_to(table, at[key_range]);
  });
  return table;
}

}  // namespace collapse_stats
