#include "cuda/ranks.hpp"
#include "cuda/row_keys.hpp"
#include "cuda/search.hpp"
#include "device.cuh"

namespace collapse_stats::cuda {
namespace {

/// The stretch of the other table that a tile of rows falls into; all searches stay within it.
struct Stretch {
  std::uint64_t first, last;  // exclusive
};

template <class Word>
DEVICE void find_stretch(unsigned thread, const RowKeys<Word>& own, std::uint64_t begin,
                         std::uint64_t end, const RowKeys<Word>& other, Stretch& stretch) {
  if (thread == 0) stretch.first = other.lower_bound(0, other.rows, own.at(begin));
  if (thread == 32) stretch.last = other.lower_bound(0, other.rows, own.at(end - 1));
}

/// A block marks which of 2048 rows of the second table the first table lacks. Moves the keys of
/// both tables, and 2 bits per row of the second. Bound by the searches, which stay within a
/// stretch that fits into the cache if the tables have similar lengths.
/// sm_90: 25 to 32 registers, nothing spilled, 272 B of shared memory.
template <class Word>
struct FindMerged {
  static constexpr unsigned threads = 256, items = 8;
  using Tile = BitmapTile<threads, items>;
  struct Shared {
    Tile tile;
    Stretch stretch;
  };
  struct Rows {
    bool added[items];
  };

  RowKeys<Word> a, b;
  std::uint64_t words;
  std::uint64_t *bits, *sums;

  template <class Block>
  DEVICE void operator()(Block& block, Shared& shared) const {
    typename Block::template Registers<Rows> registers;
    const std::uint64_t begin = block.index() * Tile::places;
    const std::uint64_t end = begin + Tile::places < b.rows ? begin + Tile::places : b.rows;
    block.each([&](unsigned thread) {
      if (begin < end) find_stretch(thread, b, begin, end, a, shared.stretch);
    });
    block.each(registers, [&](unsigned thread, Rows& mine) {
      UNROLL
      for (unsigned item = 0; item < items; ++item) {
        const std::uint64_t row = begin + item * threads + thread;
        mine.added[item] = row < end && !in_a(b.at(row), shared.stretch);
      }
    });
    block.vote(shared.tile.halves, registers,
               [](unsigned item, const Rows& mine) { return mine.added[item]; });
    block.each([&](unsigned thread) {
      const std::uint64_t word = block.index() * Tile::words + thread;
      if (thread >= Tile::words || word >= words) return;
      bits[word] = shared.tile.word(thread);
      sums[1 + word] = count_ones(shared.tile.word(thread));
      if (word == 0) sums[0] = a.rows;
      if (word == words - 1) sums[1 + words] = 0;
    });
  }

  DEVICE bool in_a(Word key, const Stretch& stretch) const {
    const std::uint64_t row = a.lower_bound(stretch.first, stretch.last, key);
    return row < a.rows && a.at(row) == key;
  }
};

/// A thread takes one row of one table, finds its place in the other table, and writes the merged
/// row. A row that both tables have is written from the first table. Moves the keys of both tables,
/// the counts of the row's own table, those of the other where keys are equal, and the merged rows.
/// Bound by the searches, as above.
/// sm_90: 32 registers, nothing spilled, 16 B of shared memory.
template <class Word>
struct WriteMerged {
  static constexpr unsigned threads = 256;
  struct Shared {
    Stretch stretch;
  };

  MergeInput own, other;
  bool first;   // whether `own` is the first table
  Ranks added;  // rows of the second table; `before` includes the first table's rows
  std::uint64_t rows_a;
  unsigned labels;
  DeviceTable table;

  template <class Block>
  DEVICE void operator()(Block& block, Shared& shared) const {
    const std::uint64_t begin = block.index() * threads;
    const std::uint64_t end = begin + threads < own.table.rows ? begin + threads : own.table.rows;
    block.each([&](unsigned thread) {
      find_stretch(thread, keys(own), begin, end, keys(other), shared.stretch);
    });
    block.each([&](unsigned thread) {
      const std::uint64_t row = begin + thread;
      if (row < end && (first || added.at(row))) write(row, shared.stretch);
    });
  }

  DEVICE static RowKeys<Word> keys(const MergeInput& input) {
    return {input.table.keys, input.table.rows};
  }

  DEVICE void write(std::uint64_t row, const Stretch& stretch) const {
    const Word key = keys(own).at(row);
    const std::uint64_t there = keys(other).lower_bound(stretch.first, stretch.last, key);
    const bool both = first && there < other.table.rows && keys(other).at(there) == key;
    const std::uint64_t place =
        first ? row + added.rank(there) - rows_a : there + added.rank(row) - rows_a;
    write_key(table, place, key);
    for (unsigned label = 0; label < labels; ++label)
      table.counts[label * table.rows + place] =
          count(own, label, row) + (both ? count(other, label, there) : 0);
  }

  DEVICE static Count count(const MergeInput& input, unsigned label, std::uint64_t row) {
    const bool has = label >= input.first_label && label - input.first_label < input.labels;
    return has ? input.table.counts[(label - input.first_label) * input.table.rows + row] : 0;
  }
};

template <class Word>
void launch_write(Device device, const Layout& layout, const MergeInput& a, const MergeInput& b,
                  const std::uint64_t* places, const DeviceTable& table) {
  using Kernel = WriteMerged<Word>;
  const auto blocks = [](std::uint64_t rows) {
    return (rows + Kernel::threads - 1) / Kernel::threads;
  };
  const Ranks added{places, places + bitmap_words(b.table.rows) + 1};
  device.launch(blocks(a.table.rows),
                Kernel{a, b, true, added, a.table.rows, layout.labels, table});
  device.launch(blocks(b.table.rows),
                Kernel{b, a, false, added, a.table.rows, layout.labels, table});
}

}  // namespace

std::uint64_t merge_places(std::uint64_t rows_b) { return 2 * bitmap_words(rows_b) + 2; }

std::size_t find_merged_bytes(std::uint64_t rows_b) {
  return Device::sum_bytes<std::uint64_t>(bitmap_words(rows_b) + 2);
}

void find_merged(Stream stream, const Layout& layout, const MergeInput& a, const MergeInput& b,
                 std::uint64_t* places, void* workspace, std::size_t bytes) {
  Device device(stream);
  const std::uint64_t words = bitmap_words(b.table.rows);
  const auto find = [&]<class Word>(Word) {
    using Kernel = FindMerged<Word>;
    device.launch((words + Kernel::Tile::words - 1) / Kernel::Tile::words,
                  Kernel{RowKeys<Word>{a.table.keys, a.table.rows},
                         RowKeys<Word>{b.table.keys, b.table.rows}, words, places, places + words});
  };
  layout.words == 1 ? find(std::uint64_t{}) : find(Key{});
  device.exclusive_sum(places + words, words + 2, workspace, bytes);
}

void write_merged(Stream stream, const Layout& layout, const MergeInput& a, const MergeInput& b,
                  const std::uint64_t* places, const DeviceTable& table) {
  const auto write = [&]<class Word>(Word) {
    launch_write<Word>(Device(stream), layout, a, b, places, table);
  };
  layout.words == 1 ? write(std::uint64_t{}) : write(Key{});
}

}  // namespace collapse_stats::cuda
