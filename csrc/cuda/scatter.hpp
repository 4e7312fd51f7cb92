#pragma once

#include "cuda/partition_api.hpp"
#include "partition_tuning.hpp"

/// Moving records next to others of their bin.
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

/// Records that wait in shared memory, each with its bin. A record of an odd number of words shares
/// a vector of 8 or 16 bytes with its bin, which takes one access instead of up to four.
template <unsigned Words>
struct Waiting {
  static constexpr unsigned bytes = 4 * (Words + 1);

  template <unsigned Size>
  struct Tile {
    struct alignas(bytes) Item {
      std::uint32_t word[Words];
      std::uint32_t bin;
    };
    Item items[Size];

    DEVICE void put(unsigned at, const PackedRecord<Words>& record, std::uint32_t bin) {
      Item item;
      UNROLL
      for (unsigned w = 0; w < Words; ++w) item.word[w] = record.word[w];
      item.bin = bin;
      items[at] = item;
    }

    DEVICE PackedRecord<Words> take(unsigned at, std::uint32_t& bin) const {
      const Item item = items[at];
      PackedRecord<Words> record;
      UNROLL
      for (unsigned w = 0; w < Words; ++w) record.word[w] = item.word[w];
      bin = item.bin;
      return record;
    }
  };
};

/// For records of an even number of words, the bins are stored separately.
template <unsigned Words>
requires(Words % 2 == 0) struct Waiting<Words> {
  static constexpr unsigned bytes = 4 * Words + 2;

  template <unsigned Size>
  struct Tile {
    PackedRecord<Words> records[Size];
    std::uint16_t bins[Size];

    DEVICE void put(unsigned at, const PackedRecord<Words>& record, std::uint32_t bin) {
      records[at] = record;
      bins[at] = static_cast<std::uint16_t>(bin);
    }

    DEVICE PackedRecord<Words> take(unsigned at, std::uint32_t& bin) const {
      bin = bins[at];
      return records[at];
    }
  };
};

/// Puts the records of a tile in order by bin in shared memory, so that those of a bin are written
/// side by side: 40 to 64 bytes on average with 512 bins, if the whole tile belongs to the pass.
template <unsigned Words>
struct ScatterTile {
  static constexpr unsigned threads = ScatterTuning::threads, bins = 1U << ScatterTuning::bin_bits;
  static constexpr unsigned items = std::min(
      ScatterTuning::max_items, ScatterTuning::tile_bytes / Waiting<Words>::bytes / threads);
  static constexpr unsigned size = threads * items;
  static_assert(items > 0 && size <= 1U << 16 && bins <= 1U << 15);
  static constexpr unsigned resident =
      2;  // blocks per processor: 64 registers per thread, without spills
  using Record = PackedRecord<Words>;

  struct Shared {
    typename Waiting<Words>::template Tile<size> waiting;
    std::uint64_t place[bins];  // of a bin's first record here, minus its index in `waiting`
    std::uint32_t before[bins];
    ScanStorage<threads> scan;
  };

  /// For each item below `number` (at most `size`) for which `make(item, key, bin)` returns true,
  /// write its record at `places[bin]`, which is advanced. There are `used` bins.
  template <class Block, class Make>
  DEVICE static void scatter(Block& block, Shared& shared, unsigned number, unsigned used,
                             const Make& make, std::uint64_t* places, Record* records) {
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
    const std::uint32_t total = block.exclusive_scan(shared.before, shared.scan);
    block.each(registers, [&](unsigned thread, const Made& mine) {
      for (unsigned bin = thread; bin < used; bin += threads) {
        const std::uint32_t first = shared.before[bin];
        const std::uint32_t last = bin + 1 < bins ? shared.before[bin + 1] : total;
        if (first < last)
          shared.place[bin] = block.add(&places[bin], std::uint64_t{last - first}) - first;
      }
      UNROLL
      for (unsigned i = 0; i < items; ++i) {
        if (mine.rank[i] == none) continue;
        const std::uint32_t bin = mine.rank[i] >> 16;
        shared.waiting.put(shared.before[bin] + (mine.rank[i] & 0xFFFF), mine.records[i], bin);
      }
    });
    block.each([&](unsigned thread) {
      for (unsigned at = thread; at < total; at += threads) {
        std::uint32_t bin;
        const Record record = shared.waiting.take(at, bin);
        records[shared.place[bin] + at] = record;
      }
    });
  }

 private:
  static constexpr std::uint32_t none = ~std::uint32_t{0};
  struct Made {
    Record records[items];
    std::uint32_t rank[items];  // upper half: bin; lower half: rank among its records
  };
};

}  // namespace collapse_stats::cuda
