#pragma once

#include "device.cuh"

/// Sizes of the partition path. Chosen for occupancy and for segments of 64 bytes when records are
/// scattered; none of them changes a result.
namespace collapse_stats::cuda {

struct CellTuning {
  static constexpr unsigned threads = 512, items = 8, slots = 4096;
};

struct ScatterTuning {
  static constexpr unsigned threads = 512;
  static constexpr unsigned tile_bytes = 32U << 10;  ///< of records that are put in order at once
  static constexpr unsigned max_items = 12;                 ///< of a thread: in registers
  static constexpr unsigned bin_bits = 9;            ///< that are told apart at once
  static constexpr unsigned max_bin_bits = 13;       ///< that are counted at once
};

/// A hash table in so many bytes of shared memory, beside 9 KB of other things.
template <unsigned Labels, unsigned Bytes>
struct BucketTuning {
  static constexpr unsigned threads = 512, labels = Labels;
  static constexpr unsigned slot_bytes = 8 + 4 * labels + 2;
  static constexpr unsigned slots = (Bytes - (9U << 10)) / slot_bytes / 32 * 32;
};

/// Calls `visit` with the tuning of the device for so many labels.
template <class Visit>
auto with_bucket_tuning(unsigned labels, Visit visit) {
  const auto with = [&]<unsigned Bytes>() {
    if (labels == 1) return visit(BucketTuning<1, Bytes>{});
    if (labels == 2) return visit(BucketTuning<2, Bytes>{});
    return visit(BucketTuning<4, Bytes>{});
  };
  const std::size_t shared = Device::shared_bytes();
  if (shared >= 226U << 10) return with.template operator()<112U << 10>();  // sm_90: two blocks
  if (shared >= 162U << 10) return with.template operator()<80U << 10>();   // sm_80: two blocks
  return with.template operator()<60U << 10>();                             // sm_75 and up
}

}  // namespace collapse_stats::cuda
