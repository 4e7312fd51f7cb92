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

void RowWriter::row(Key key, const Count* counts) {
  if (layout_->words == 2) values_.push_back(static_cast<std::uint64_t>(key >> 64));
  values_.push_back(static_cast<std::uint64_t>(key));
  values_.insert(values_.end(), counts, counts + layout_->labels);
}

void RowWriter::copy_to(Run& run, std::size_t at) const {
  const std::size_t stride = layout_->words + layout_->labels;
  const std::size_t number = rows();
  for (std::size_t column = 0; column < stride; ++column) {
    std::uint64_t* out = column < layout_->words
                             ? run.keys.get() + column * run.rows
                             : run.counts.get() + (column - layout_->words) * run.rows;
    for (std::size_t row = 0; row < number; ++row) out[at + row] = values_[row * stride + column];
  }
}

Run join(const Layout& layout, std::vector<RowWriter>& shards, unsigned threads) {
  std::vector<std::size_t> at(shards.size() + 1, 0);
  for (std::size_t shard = 0; shard < shards.size(); ++shard)
    at[shard + 1] = at[shard] + shards[shard].rows();
  const std::size_t rows = at.back();
  Run run{layout, rows, std::make_unique_for_overwrite<std::uint64_t[]>(rows * layout.words),
          std::make_unique_for_overwrite<Count[]>(rows * layout.labels)};
  parallel_for(shards.size(), threads, [&](std::size_t shard, unsigned) {
    shards[shard].copy_to(run, at[shard]);
    shards[shard] = RowWriter(layout);  // frees its rows, so that few exist twice
  });
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
  std::vector<RowWriter> shards(layout.shards(), RowWriter(layout));
  const unsigned shift = layout.key_bits - layout.shard_bits;
  parallel_for(shards.size(), threads, [&](std::size_t shard, unsigned) {
    const Key first = Key{shard} << shift;
    merge_rows(layout, runs, first, first | low_mask(shift), shards[shard]);
  });
  return join(layout, shards, threads);
}

}  // namespace collapse_stats
