#pragma once

#include "cuda/partition_api.hpp"
#include "partition_tuning.hpp"

/// Moving records to where others of their bin are.
namespace collapse_stats::cuda {

/// A record in memory, low word first.
template <unsigned Words>
struct alignas(Words == 3 ? 4 : 4 * Words) PackedRecord {
  std::uint32_t word[Words];

  DEVICE static PackedRecord of(Key key) {
    PackedRecord record;
    UNROLL
    for (unsigned w = 0; w < Words; ++w) record.word[w] = static_cast<std::uint32_t>(key >> 32 * w);
    return record;
  }

  DEVICE Key key() const {
    Key key = 0;
    UNROLL
    for (unsigned w = 0; w < Words; ++w) key |= Key{word[w]} << 32 * w;
    return key;
  }
};

/// Calls `visit(std::integral_constant<unsigned, words>)`.
template <class Visit>
void with_words(unsigned words, Visit visit) {
  if (words == 1) return visit(std::integral_constant<unsigned, 1>{});
  if (words == 2) return visit(std::integral_constant<unsigned, 2>{});
  if (words == 3) return visit(std::integral_constant<unsigned, 3>{});
  return visit(std::integral_constant<unsigned, 4>{});
}

/// A tile of records is put in order by bin in shared memory, so that those of a bin are written
/// side by side: 48 to 64 bytes on average, where there are as many bins as there can be.
template <unsigned Words>
struct ScatterTile {
  static constexpr unsigned threads = ScatterTuning::threads, bins = 1U << ScatterTuning::bin_bits;
  static constexpr unsigned items =
      std::min(ScatterTuning::max_items, ScatterTuning::tile_bytes / (4 * Words) / threads);
  static constexpr unsigned size = threads * items;
  static_assert(items > 0 && size <= 1U << 16 && bins <= 1U << 15);
  static constexpr unsigned resident = 2;  // blocks at once: as few registers as do without spills
  using Record = PackedRecord<Words>;

  struct Shared {
    Record records[size];
    std::uint64_t place[bins];  // of a bin's first record here, less its index in `records`
    std::uint32_t before[bins];
    std::uint16_t bin[size];
  };

  /// Writes what `make(item, key, bin)` makes of each item below `number`, at most `size`, if it
  /// returns true: at `places[bin]`, which is moved on.
  template <class Block, class Make>
  DEVICE static void scatter(Block& block, Shared& shared, unsigned number, const Make& make,
                             std::uint64_t* places, Record* records) {
    typename Block::template Registers<Made> registers;
    block.each([&](unsigned thread) {
      for (unsigned bin = thread; bin < bins; bin += threads) shared.before[bin] = 0;
    });
    block.each(registers, [&](unsigned thread, Made& mine) {
      UNROLL
      for (unsigned i = 0; i < items; ++i) {
        const unsigned item = i * threads + thread;
        Key key = 0;
        std::uint32_t bin = 0;
        const bool made = item < number && make(item, key, bin);
        mine.records[i] = Record::of(key);
        mine.rank[i] = made ? bin << 16 | block.add(&shared.before[bin], std::uint32_t{1}) : none;
      }
    });
    const std::uint32_t total = block.exclusive_scan(shared.before);
    block.each([&](unsigned thread) {
      for (unsigned bin = thread; bin < bins; bin += threads) {
        const std::uint32_t first = shared.before[bin];
        const std::uint32_t last = bin + 1 < bins ? shared.before[bin + 1] : total;
        if (first < last)
          shared.place[bin] = block.add(&places[bin], std::uint64_t{last - first}) - first;
      }
    });
    block.each(registers, [&](unsigned, const Made& mine) {
      UNROLL
      for (unsigned i = 0; i < items; ++i) {
        if (mine.rank[i] == none) continue;
        const std::uint32_t bin = mine.rank[i] >> 16;
        const std::uint32_t at = shared.before[bin] + (mine.rank[i] & 0xFFFF);
        shared.records[at] = mine.records[i];
        shared.bin[at] = static_cast<std::uint16_t>(bin);
      }
    });
    block.each([&](unsigned thread) {
      for (unsigned at = thread; at < total; at += threads)
        records[shared.place[shared.bin[at]] + at] = shared.records[at];
    });
  }

 private:
  static constexpr std::uint32_t none = ~std::uint32_t{0};
  struct Made {
    Record records[items];
    std::uint32_t rank[items];  // the bin above, the rank among its records below
  };
};

}  // namespace collapse_stats::cuda
