#include "run.hpp"

#include <algorithm>
#include <array>

#include "cpu/parallel.hpp"

namespace collapse_stats {
namespace {

/// Next row of a run that is being merged.
struct Cursor {
  const RunView* run;
  std::size_t row;
  std::size_t end;
  Key key;
};

bool later(const Cursor& left, const Cursor& right) { return left.key > right.key; }

/// First row whose key is not below `key`.
std::size_t lower_bound(const RunView& run, const Layout& layout, Key key) {
  std::size_t first = 0;
  for (std::size_t length = run.rows; length > 0;) {
    const std::size_t half = length / 2;
    if (run.key(first + half, layout) < key) {
      first += half + 1;
      length -= half + 1;
    } else {
      length = half;
    }
  }
  return first;
}

/// Moves to the next row; false at the end.
bool advance(Cursor& cursor, const Layout& layout) {
  if (++cursor.row == cursor.end) return false;
  const Key next = cursor.run->key(cursor.row, layout);
  if (next <= cursor.key)
    throw std::invalid_argument("a run's keys must be strictly ascending, row " +
                                std::to_string(cursor.row) +
                                " is not above the row before: count the run again");
  cursor.key = next;
  return true;
}

}  // namespace

Run make_run(const Layout& layout, std::size_t rows) {
  Run run{layout, rows, std::make_unique_for_overwrite<std::uint64_t[]>(rows * layout.words),
          std::make_unique_for_overwrite<Count[]>(rows * layout.labels)};
  cpu::advise_huge_pages(run.keys.get(), rows * layout.words * sizeof(std::uint64_t));
  cpu::advise_huge_pages(run.counts.get(), rows * layout.labels * sizeof(Count));
  return run;
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

void RowWriter::row(Key key, const Count* counts) {
  if (used_ == block_rows_) add_block();
  std::uint64_t* out = blocks_.back() + used_++;
  if (words_ == 2) {
    *out = static_cast<std::uint64_t>(key >> 64);
    out += block_rows_;
  }
  *out = static_cast<std::uint64_t>(key);
  for (unsigned label = 0; label < labels_; ++label) *(out += block_rows_) = counts[label];
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

void RowWriter::copy_to(Run& run, std::size_t at) const {
  for (const std::uint64_t* block : blocks_) {
    const std::size_t rows = block == blocks_.back() ? used_ : block_rows_;
    for (unsigned word = 0; word < words_; ++word)
      std::copy_n(block + word * block_rows_, rows, run.keys.get() + word * run.rows + at);
    for (unsigned label = 0; label < labels_; ++label)
      std::copy_n(block + (words_ + label) * block_rows_, rows,
                  run.counts.get() + label * run.rows + at);
    at += rows;
  }
}

Run join(const Layout& layout, std::span<const RowWriter> shards, unsigned threads) {
  std::vector<std::size_t> at(shards.size() + 1, 0);
  for (std::size_t shard = 0; shard < shards.size(); ++shard)
    at[shard + 1] = at[shard] + shards[shard].rows();
  Run run = make_run(layout, at.back());
  parallel_for(shards.size(), threads,
               [&](std::size_t shard, unsigned) { shards[shard].copy_to(run, at[shard]); });
  return run;
}

void merge_rows(const Layout& layout, std::span<const RunView> runs, Key first, Key last,
                RowSink& sink) {
  std::vector<Cursor> heap;  // the smallest key on top
  for (const RunView& run : runs) {
    const std::size_t begin = lower_bound(run, layout, first);
    const std::size_t end =
        last == low_mask(layout.key_bits) ? run.rows : lower_bound(run, layout, last + 1);
    if (begin < end) heap.push_back({&run, begin, end, run.key(begin, layout)});
  }
  std::make_heap(heap.begin(), heap.end(), later);

  while (!heap.empty()) {
    const Key key = heap.front().key;
    std::array<Count, max_labels> counts{};
    while (!heap.empty() && heap.front().key == key) {
      std::pop_heap(heap.begin(), heap.end(), later);
      Cursor& cursor = heap.back();
      const RunView& run = *cursor.run;
      for (unsigned label = 0; label < run.labels; ++label)
        counts[run.first_label + label] += run.counts[label * run.rows + cursor.row];
      if (advance(cursor, layout))
        std::push_heap(heap.begin(), heap.end(), later);
      else
        heap.pop_back();
    }
    sink.row(key, counts.data());
  }
}

Run merge(const Layout& layout, std::span<const RunView> runs, unsigned threads) {
  std::vector<cpu::Arena> arenas(threads);
  std::vector<RowWriter> shards(layout.shards());
  const unsigned shift = layout.key_bits - layout.shard_bits;
  parallel_for(shards.size(), threads, [&](std::size_t shard, unsigned worker) {
    const Key first = Key{shard} << shift;
    shards[shard] = RowWriter(layout, arenas[worker]);
    merge_rows(layout, runs, first, first | low_mask(shift), shards[shard]);
  });
  return join(layout, shards, threads);
}

}  // namespace collapse_stats
