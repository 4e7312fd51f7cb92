#include "cuda/bucket.hpp"
#include "cuda/partition_api.hpp"
#include "cuda/scatter.hpp"
#include "cuda/window.hpp"
#include "device.cuh"
#include "partition_tuning.hpp"

namespace collapse_stats::cuda {
namespace {

/// The windows and records of a partition.
template <class Id>
struct WindowRecords {
  Partition partition;
  WindowReader<Id> reader;

  /// Length of the window at `position`, limited to what the partition needs; 0 if there is no
  /// window, or one that is too short.
  DEVICE unsigned length(std::uint64_t position) const {
    if (!reader.begins(position)) return 0;
    const unsigned most = partition.last_order + partition.has_end();
    const unsigned length = reader.planes.length(position, most);
    return length < partition.first_order ? 0 : length;
  }

  template <class Block>
  DEVICE Key mixed_prefix(Block& block, std::uint64_t position, unsigned length) const {
    const Key codes = reader.codes(block, position, 0, partition.first_order, length);
    return mix_prefix(codes, partition.prefix_bits());
  }

  DEVICE std::uint32_t bin(Key mixed) const {
    return top_bits(mixed, partition.prefix_bits(), partition.bin_bits);
  }

  template <class Block>
  DEVICE Key record(Block& block, std::uint64_t position, unsigned length, Key mixed) const {
    Key record = mixed & low_mask(partition.prefix_bits() - partition.bin_bits);
    const unsigned tokens = partition.last_order - partition.first_order;
    if (tokens > 0) {
      record <<= tokens * partition.layout.code_bits;
      record |= reader.codes(block, position, partition.first_order, partition.last_order, length);
    }
    if (partition.has_end()) record = record << 1 | Key{length == partition.last_order};
    return record << partition.layout.label_bits | reader.planes.label(position);
  }
};

/// A block counts the bins of many tiles in shared memory, and each thread one position after
/// another. Moves, per token: the id and 0.25 B of planes. Bound by memory if ids are wide, else by
/// the arithmetic of mixing.
/// sm_90: 32 registers, nothing spilled, 32,768 B of shared memory.
template <class Id>
struct CountBins {
  static constexpr unsigned threads = ScatterTuning::threads, items = 8, tile = threads * items;
  static constexpr unsigned bins = 1U << ScatterTuning::max_bin_bits;
  struct Shared {
    std::uint32_t windows[bins];
  };

  WindowRecords<Id> source;
  std::uint64_t* windows;

  template <class Block>
  DEVICE void operator()(Block& block, Shared& shared) const {
    const auto number = static_cast<unsigned>(source.partition.bins());
    block.each([&](unsigned thread) {
      for (unsigned bin = thread; bin < number; bin += threads) shared.windows[bin] = 0;
    });
    block.each([&](unsigned thread) {
      for (std::uint64_t begin = block.index() * tile; begin < source.reader.size;
           begin += block.blocks() * tile)
        for (unsigned item = 0; item < items; ++item)
          count(block, shared, begin + item * threads + thread);
    });
    block.each([&](unsigned thread) {
      for (unsigned bin = thread; bin < number; bin += threads)
        if (shared.windows[bin] != 0) block.add(&windows[bin], std::uint64_t{shared.windows[bin]});
    });
  }

  template <class Block>
  DEVICE void count(Block& block, Shared& shared, std::uint64_t position) const {
    const unsigned length = source.length(position);
    if (length == 0) return;
    const std::uint32_t bin = source.bin(source.mixed_prefix(block, position, length));
    block.add(&shared.windows[bin], std::uint32_t{1});
  }
};

/// A block makes the records of a tile of positions and puts them in order by bin. Moves, per
/// token: the id, 0.25 to 0.5 B of planes and the record. Bound by memory.
/// sm_90: 48 to 52 registers, nothing spilled, 43,104 to 47,200 B of shared memory.
template <class Id, unsigned Words>
struct ScatterWindows {
  using Tile = ScatterTile<Words>;
  static constexpr unsigned threads = Tile::threads, resident = Tile::resident;
  using Shared = typename Tile::Shared;

  WindowRecords<Id> source;
  unsigned first_bin, last_bin;
  std::uint64_t* places;
  typename Tile::Record* records;

  template <class Block>
  DEVICE void operator()(Block& block, Shared& shared) const {
    const std::uint64_t begin = block.index() * Tile::size;
    const auto make = [&](unsigned item, Key& key, std::uint32_t& bin) {
      const std::uint64_t position = begin + item;
      const unsigned length = source.length(position);
      if (length == 0) return false;
      const Key mixed = source.mixed_prefix(block, position, length);
      bin = source.bin(mixed);
      if (bin < first_bin || bin >= last_bin) return false;
      bin -= first_bin;
      key = source.record(block, position, length, mixed);
      return true;
    };
    Tile::scatter(block, shared, Tile::size, last_bin - first_bin, make, places, records);
  }
};

constexpr std::uint64_t tiles(std::uint64_t items, std::uint64_t tile) {
  return (items + tile - 1) / tile;
}

}  // namespace

void count_bins(Stream stream, const Partition& partition, const Tokens& tokens,
                std::uint64_t* windows, std::uint64_t* wrong_id) {
  with_reader(partition.layout, tokens, wrong_id, [&]<class Id>(const WindowReader<Id>& reader) {
    using Kernel = CountBins<Id>;
    Device device(stream);
    device.launch(std::min(tiles(tokens.size, Kernel::tile), device.resident_blocks<Kernel>()),
                  Kernel{{partition, reader}, windows});
  });
}

void scatter_windows(Stream stream, const Partition& partition, const Tokens& tokens,
                     const Pass& pass, std::uint64_t* places, void* records,
                     std::uint64_t* wrong_id) {
  with_reader(partition.layout, tokens, wrong_id, [&]<class Id>(const WindowReader<Id>& reader) {
    with_words(partition.binned_words(),
               [&]<unsigned Words>(std::integral_constant<unsigned, Words>) {
                 using Kernel = ScatterWindows<Id, Words>;
                 Device(stream).launch(tiles(tokens.size, Kernel::Tile::size),
                                       Kernel{{partition, reader},
                                              pass.first_bin,
                                              pass.last_bin,
                                              places,
                                              static_cast<PackedRecord<Words>*>(records)});
               });
  });
}

}  // namespace collapse_stats::cuda
