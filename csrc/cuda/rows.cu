#include "cuda/groups.hpp"
#include "cuda/search.hpp"
#include "device.cuh"

namespace collapse_stats::cuda {
namespace {

/// A block marks the first record of each key among 2048 records, and counts the marks of each
/// word. Moves the records, and 2 bits per record. Bound by memory.
/// sm_90: 30 to 31 registers, nothing spilled, 256 B of shared memory.
template <class Record>
struct FindRows {
  static constexpr unsigned threads = 256, items = 8;
  using Shared = BitmapTile<threads, items>;
  struct Heads {
    bool first[items];
  };

  unsigned label_bits;
  const Record* records;
  std::uint64_t number, words;
  std::uint64_t *bits, *before;

  template <class Block>
  DEVICE void operator()(Block& block, Shared& shared) const {
    typename Block::template Registers<Heads> registers;
    block.each(registers, [&](unsigned thread, Heads& mine) {
      UNROLL
      for (unsigned item = 0; item < items; ++item)
        mine.first[item] = first(block.index() * Shared::places + item * threads + thread);
    });
    block.vote(shared.halves, registers,
               [](unsigned item, const Heads& mine) { return mine.first[item]; });
    block.each([&](unsigned thread) {
      const std::uint64_t word = block.index() * Shared::words + thread;
      if (thread >= Shared::words || word >= words) return;
      bits[word] = shared.word(thread);
      before[word] = count_ones(shared.word(thread));
      if (word == words - 1) before[words] = 0;
    });
  }

  DEVICE bool first(std::uint64_t place) const {
    if (place >= number) return false;
    return place == 0 || (records[place] ^ records[place - 1]) >> label_bits != 0;
  }
};

/// A thread writes the row that begins at its record, if there is one; the marks tell where the row
/// ends. Moves the records, 2 bits of each (3 more for two labels, 6 for four), and the rows. Bound
/// by memory.
/// sm_90: 26 to 52 registers, up to 12 B spilled, no shared memory.
template <class Groups, class RowKey>
struct WriteRows {
  static constexpr unsigned threads = 256;
  struct Shared {};

  unsigned label_bits, labels;
  Groups groups;
  Ranks heads;
  std::uint64_t words;
  DeviceTable table;

  template <class Block>
  DEVICE void operator()(Block& block, Shared&) const {
    block.each([&](unsigned thread) {
      const std::uint64_t place = block.index() * threads + thread;
      if (place < groups.number && heads.at(place)) write(place);
    });
  }

  DEVICE void write(std::uint64_t place) const {
    const std::uint64_t row = heads.rank(place);
    write_key(table, row, static_cast<RowKey>(groups.word(place) >> label_bits));
    const auto counts = groups.counts(place, end(place, row));
    UNROLL
    for (unsigned label = 0; label < Groups::Counts::labels; ++label)
      if (label < labels) table.counts[label * table.rows + row] = counts.of[label];
  }

  /// One past the last record of `row`, which begins at `place`.
  DEVICE std::uint64_t end(std::uint64_t place, std::uint64_t row) const {
    std::uint64_t word = place / word_bits;
    std::uint64_t ahead = heads.bits[word] & ~bits_below(place);
    ahead &= ahead - 1;  // removes the row's own mark
    if (ahead == 0) {
      word = first_failing_near(word + 1, words, 0, [&](std::uint64_t later) {
        return heads.before[later + 1] == row + 1;
      });
      if (word == words) return groups.number;
      ahead = heads.bits[word];
    }
    return word * word_bits + trailing_zeros(ahead);
  }
};

}  // namespace

std::uint64_t row_places(std::uint64_t number) { return 2 * bitmap_words(number) + 1; }

std::size_t find_rows_bytes(std::uint64_t number) {
  return Device::sum_bytes<std::uint64_t>(bitmap_words(number) + 1);
}

void find_rows(Stream stream, const Layout& layout, const SortedRecords& sorted,
               std::uint64_t* places, void* workspace, std::size_t bytes) {
  Device device(stream);
  const std::uint64_t words = bitmap_words(sorted.number);
  const auto find = [&]<class Record>(Record) {
    using Kernel = FindRows<Record>;
    device.launch((words + Kernel::Shared::words - 1) / Kernel::Shared::words,
                  Kernel{layout.label_bits, static_cast<const Record*>(sorted.records),
                         sorted.number, words, places, places + words});
  };
  record_bytes(layout) == 8 ? find(std::uint64_t{}) : find(Key{});
  device.exclusive_sum(places + words, words + 1, workspace, bytes);
}

void write_rows(Stream stream, const Layout& layout, const SortedRecords& sorted,
                const std::uint64_t* places, const DeviceTable& table) {
  const std::uint64_t words = bitmap_words(sorted.number);
  with_labels(layout.labels, [&]<unsigned Labels>(std::integral_constant<unsigned, Labels>) {
    const auto write = [&]<class Record, class RowKey>(Record, RowKey) {
      using Groups = RecordGroups<Record, Labels>;
      using Kernel = WriteRows<Groups, RowKey>;
      Device(stream).launch((sorted.number + Kernel::threads - 1) / Kernel::threads,
                            Kernel{layout.label_bits, layout.labels, Groups(layout, sorted),
                                   Ranks{places, places + words}, words, table});
    };
    if (record_bytes(layout) == 8)
      write(std::uint64_t{}, std::uint64_t{});
    else if (layout.words == 1)
      write(Key{}, std::uint64_t{});
    else
      write(Key{}, Key{});
  });
}

}  // namespace collapse_stats::cuda
