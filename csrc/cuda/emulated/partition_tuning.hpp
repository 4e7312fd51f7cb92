#pragma once

#include "device.cuh"

/// Sizes of the partition path where the CPU plays the GPU: so small that a few thousand tokens
/// take many tiles, bins and buckets, and some buckets are heavy. `gpu/partition_tuning.hpp` has
/// the same names.
namespace collapse_stats::cuda {

struct CellTuning {
  static constexpr unsigned threads = 16, items = 4, slots = 32;
};

struct ScatterTuning {
  static constexpr unsigned threads = 16, tile_bytes = 512, max_items = 6;
  static constexpr unsigned bin_bits = 3;
  static constexpr unsigned max_bin_bits = 6;
};

template <unsigned Labels>
struct BucketTuning {
  static constexpr unsigned threads = 16, slots = 45, labels = Labels, bytes = 64U << 10;
};

/// Calls `visit` with the tuning of the device for so many labels.
template <class Visit>
auto with_bucket_tuning(unsigned labels, Visit visit) {
  if (labels == 1) return visit(BucketTuning<1>{});
  if (labels == 2) return visit(BucketTuning<2>{});
  return visit(BucketTuning<4>{});
}

}  // namespace collapse_stats::cuda
