#include "cuda/scatter.hpp"
#include "cuda/tally_buckets.hpp"
#include "device.cuh"

namespace collapse_stats::cuda {
namespace {

/// A bucket with more than this fraction of a pass would occupy its block long after the other
/// blocks have finished.
constexpr std::uint64_t shares = 256;

/// The records of a pass, ordered by bin, which are to be divided into buckets.
struct BinnedRecords {
  Partition partition;
  const std::uint64_t* ends;  // of bins
  unsigned bins;
  std::uint64_t number;  // of records

  /// Call `visit(bin, begin, end)` for every stretch of a tile that lies in one bin.
  template <class Visit>
  DEVICE void each_bin(std::uint64_t tile, unsigned size, Visit visit) const {
    std::uint64_t begin = tile * size;
    const std::uint64_t last = begin + size < number ? begin + size : number;
    for (unsigned bin = bin_of(begin); begin < last; ++bin) {
      const std::uint64_t end = ends[bin] < last ? ends[bin] : last;
      if (begin < end) visit(bin, begin, end);
      begin = end;
    }
  }

  /// Remove the number of the bucket within its bin from the top of a record, and return it.
  DEVICE std::uint32_t take_bucket(Key& record) const {
    const unsigned left = partition.record_bits(partition.bucket_bits);
    const auto bucket = static_cast<std::uint32_t>(record >> left);
    record &= low_mask(left);
    return bucket;
  }

 private:
  /// The bin of a record: the first that ends beyond it.
  DEVICE unsigned bin_of(std::uint64_t record) const {
    unsigned first = 0;
    for (unsigned number = bins; number > 0;) {
      const unsigned half = number / 2;
      if (ends[first + half] <= record) {
        first += half + 1;
        number -= half + 1;
      } else {
        number = half;
      }
    }
    return first;
  }
};

/// A block counts the buckets of a stretch of records in shared memory.
/// Moves, per record: its bytes. Bound by memory.
/// sm_90: 21 to 26 registers, nothing spilled, 2,048 B of shared memory.
template <unsigned Words>
struct CountBuckets {
  static constexpr unsigned threads = ScatterTuning::threads, items = 64, tile = threads * items;
  struct Shared {
    std::uint32_t windows[1U << ScatterTuning::bin_bits];
  };

  BinnedRecords binned;
  const PackedRecord<Words>* records;
  std::uint64_t* windows;  // of each bucket

  template <class Block>
  DEVICE void operator()(Block& block, Shared& shared) const {
    const unsigned buckets = binned.partition.buckets_of_a_bin();
    binned.each_bin(block.index(), tile, [&](unsigned bin, std::uint64_t begin, std::uint64_t end) {
      block.each([&](unsigned thread) {
        for (unsigned bucket = thread; bucket < buckets; bucket += threads)
          shared.windows[bucket] = 0;
      });
      block.each([&](unsigned thread) {
        for (std::uint64_t at = begin + thread; at < end; at += threads) {
          Key record = records[at].key();
          block.add(&shared.windows[binned.take_bucket(record)], std::uint32_t{1});
        }
      });
      block.each([&](unsigned thread) {
        for (unsigned bucket = thread; bucket < buckets; bucket += threads)
          if (shared.windows[bucket] != 0)
            block.add(&windows[std::uint64_t{bin} * buckets + bucket],
                      std::uint64_t{shared.windows[bucket]});
      });
    });
  }
};

/// A block puts the records of a tile in order by bucket. Moves, per record: its bytes, and those
/// of the shorter record. Bound by memory.
/// sm_90: 48 to 53 registers, nothing spilled, 43,104 to 47,200 B of shared memory.
template <unsigned Words, unsigned BucketWords>
struct ScatterRecords {
  using Tile = ScatterTile<BucketWords>;
  static constexpr unsigned threads = Tile::threads, resident = Tile::resident;
  using Shared = typename Tile::Shared;

  BinnedRecords binned;
  const PackedRecord<Words>* records;
  std::uint64_t* places;
  PackedRecord<BucketWords>* other;

  template <class Block>
  DEVICE void operator()(Block& block, Shared& shared) const {
    const unsigned buckets = binned.partition.buckets_of_a_bin();
    binned.each_bin(block.index(), Tile::size,
                    [&](unsigned bin, std::uint64_t begin, std::uint64_t end) {
                      const auto make = [&](unsigned item, Key& key, std::uint32_t& bucket) {
                        key = records[begin + item].key();
                        bucket = binned.take_bucket(key);
                        return true;
                      };
                      Tile::scatter(block, shared, static_cast<unsigned>(end - begin), buckets,
                                    make, places + std::uint64_t{bin} * buckets, other);
                    });
  }
};

constexpr std::uint64_t tiles(std::uint64_t items, std::uint64_t tile) {
  return (items + tile - 1) / tile;
}

std::uint64_t buckets_of(const Partition& partition, const Pass& pass) {
  return std::uint64_t{pass.last_bin - pass.first_bin} * partition.buckets_of_a_bin();
}

template <unsigned Words, unsigned BucketWords>
void divide(Stream stream, const BinnedRecords& binned, std::uint64_t buckets, const void* records,
            void* other, std::uint64_t* places, void* workspace, std::size_t bytes) {
  using Count = CountBuckets<Words>;
  using Scatter = ScatterRecords<Words, BucketWords>;
  const auto* const from = static_cast<const PackedRecord<Words>*>(records);
  auto* const to = static_cast<PackedRecord<BucketWords>*>(other);
  Device device(stream);
  device.launch(tiles(binned.number, Count::tile), Count{binned, from, places});
  device.exclusive_sum(places, buckets, workspace, bytes);
  device.launch(tiles(binned.number, Scatter::Tile::size), Scatter{binned, from, places, to});
}

}  // namespace

std::size_t tally_buckets_bytes(const Partition& partition, const Pass& pass) {
  const std::uint64_t buckets = buckets_of(partition, pass);
  return (buckets + 1) * sizeof(std::uint64_t) + Device::sum_bytes<std::uint64_t>(buckets);
}

void tally_buckets(Stream stream, const Partition& partition, const Pass& pass,
                   const std::uint64_t* ends, const void* records, void* other, void* workspace,
                   std::size_t bytes, const Tally& tally, const HeavyBuckets& heavy) {
  const std::uint64_t buckets = buckets_of(partition, pass);
  const BinnedRecords binned{partition, ends, pass.last_bin - pass.first_bin, pass.windows};
  auto* const next = static_cast<std::uint64_t*>(workspace);
  std::uint64_t* const places = next + 1;
  const std::size_t used = (buckets + 1) * sizeof(std::uint64_t);
  Device(stream).fill(workspace, 0, used);
  with_words(partition.binned_words(),
             [&]<unsigned Words>(std::integral_constant<unsigned, Words>) {
               // Records become up to nine bits shorter, which leaves the number of words or one
               // fewer.
               constexpr unsigned fewer = Words > 1 ? Words - 1 : 1;
               const auto run =
                   partition.bucket_words() == Words ? divide<Words, Words> : divide<Words, fewer>;
               run(stream, binned, buckets, records, other, places, places + buckets, bytes - used);
             });
  const std::uint64_t first = std::uint64_t{pass.first_bin} * partition.buckets_of_a_bin();
  with_bucket_tuning(partition.layout.labels, [&]<class Tuning>(Tuning) {
    using Kernel = TallyBuckets<Tuning>;
    Device device(stream);
    device.launch(std::min(buckets, device.resident_blocks<Kernel>()),
                  Kernel{{partition},
                         {tally, partition.first_order, partition.last_order},
                         places,
                         first,
                         buckets,
                         next,
                         std::max(Tuning::longest, pass.windows / shares),
                         static_cast<const std::uint32_t*>(other),
                         heavy});
  });
}

}  // namespace collapse_stats::cuda
