#pragma once

#include "device.cuh"

/// Sizes for tests of counting by partition. They are so small that a few thousand tokens take many
/// tiles, bins and buckets, and that some buckets are heavy. `shipped/` has the same names. A GPU
/// could use these sizes, as blocks are whole warps.
namespace collapse_stats::cuda {

struct CellTuning {
  static constexpr unsigned threads = 64, items = 2, slots = 32;
};

struct ScatterTuning {
  static constexpr unsigned threads = 64, tile_bytes = 1280, max_items = 2;
  static constexpr unsigned bin_bits = 3;
  static constexpr unsigned max_bin_bits = 6;
};

template <unsigned Labels>
struct BucketTuning {
  static constexpr unsigned threads = 64, labels = Labels, bytes = 16U << 10;
  static constexpr unsigned items = 1, slots = 76, long_slots = 96;
  static constexpr std::uint64_t longest = 1500;
};

/// Call `visit` with the sizes for this number of labels.
template <class Visit>
auto with_bucket_tuning(unsigned labels, Visit visit) {
  if (labels == 1) return visit(BucketTuning<1>{});
  if (labels == 2) return visit(BucketTuning<2>{});
  return visit(BucketTuning<4>{});
}

}  // namespace collapse_stats::cuda
