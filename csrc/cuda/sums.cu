#include "cuda/groups.hpp"
#include "device.cuh"

namespace collapse_stats::cuda {
namespace {

/// A block reads the labels of 2048 records, and writes their bits and the number of each label.
/// Moves the records, and 3 bits per record for two labels, 6 for four. Bound by memory.
/// sm_90: 32 registers, nothing spilled, 768 B of shared memory.
template <class Record>
struct FindLabels {
  static constexpr unsigned threads = 256, items = 8;
  using Tile = BitmapTile<threads, items>;
  struct Shared {
    Tile planes[3];  // one per bit of the label
  };
  struct Labels {
    unsigned packed;  // four bits per item
  };

  Layout layout;
  const Record* records;
  std::uint64_t number, words;
  std::uint64_t* sums;

  template <class Block>
  DEVICE void operator()(Block& block, Shared& shared) const {
    typename Block::template Registers<Labels> registers;
    block.each(registers, [&](unsigned thread, Labels& mine) {
      mine.packed = 0;
      UNROLL
      for (unsigned item = 0; item < items; ++item) {
        const std::uint64_t place = block.index() * Tile::places + item * threads + thread;
        const unsigned low = place < number ? static_cast<unsigned>(records[place]) : 0;
        mine.packed |= (low & ((1U << layout.label_bits) - 1)) << 4 * item;
      }
    });
    for (unsigned bit = 0; bit < layout.label_bits; ++bit)
      block.vote(shared.planes[bit].halves, registers, [&](unsigned item, const Labels& mine) {
        return (mine.packed >> (4 * item + bit) & 1U) != 0;
      });
    block.each([&](unsigned thread) {
      const std::uint64_t word = block.index() * Tile::words + thread;
      if (thread < Tile::words && word < words) write(shared, thread, word);
    });
  }

  DEVICE void write(const Shared& shared, unsigned at, std::uint64_t word) const {
    for (unsigned bit = 0; bit < layout.label_bits; ++bit)
      sums[bit * words + word] = shared.planes[bit].word(at);
    for (unsigned label = 0; label < layout.labels; ++label) {
      std::uint64_t bits = ~std::uint64_t{0};  // the last count, too large, is unused
      for (unsigned bit = 0; bit < layout.label_bits; ++bit) {
        const std::uint64_t plane = shared.planes[bit].word(at);
        bits &= (label >> bit & 1U) != 0 ? plane : ~plane;
      }
      sums[(layout.label_bits + label) * words + word] = count_ones(bits);
    }
  }
};

}  // namespace

std::uint64_t label_sums_words(const Layout& layout, std::uint64_t number) {
  return layout.labels == 1 ? 0 : (layout.label_bits + layout.labels) * bitmap_words(number);
}

std::size_t label_sums_bytes(const Layout& layout, std::uint64_t number) {
  return layout.labels == 1 ? 0 : Device::sum_bytes<std::uint64_t>(bitmap_words(number));
}

void make_label_sums(Stream stream, const Layout& layout, const void* records, std::uint64_t number,
                     std::uint64_t* sums, void* workspace, std::size_t bytes) {
  if (layout.labels == 1) return;
  Device device(stream);
  const std::uint64_t words = bitmap_words(number);
  const auto find = [&]<class Record>(Record) {
    using Kernel = FindLabels<Record>;
    device.launch((words + Kernel::Tile::words - 1) / Kernel::Tile::words,
                  Kernel{layout, static_cast<const Record*>(records), number, words, sums});
  };
  record_bytes(layout) == 8 ? find(std::uint64_t{}) : find(Key{});
  for (unsigned label = 0; label < layout.labels; ++label)
    device.exclusive_sum(sums + (layout.label_bits + label) * words, words, workspace, bytes);
}

std::uint64_t row_sums_words(const Layout& layout, std::uint64_t rows) {
  return layout.labels * (rows + 1);
}

std::size_t row_sums_bytes(std::uint64_t rows) { return Device::sum_bytes<std::uint64_t>(rows); }

void make_row_sums(Stream stream, const Layout& layout, const DeviceTable& table,
                   std::uint64_t* sums, void* workspace, std::size_t bytes) {
  Device device(stream);
  for (unsigned label = 0; label < layout.labels; ++label) {
    std::uint64_t* const column = sums + label * (table.rows + 1);
    device.fill(column, 0, sizeof *column);
    device.running_sum(table.counts + label * table.rows, column + 1, table.rows, workspace, bytes);
  }
}

}  // namespace collapse_stats::cuda
