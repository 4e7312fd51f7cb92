#pragma once

#include "cuda/partition_api.hpp"
#include "device.cuh"

namespace collapse_stats::cuda {

/// Reads the records of a bucket; `Partition` describes their format.
struct BucketRecords {
  Partition partition;

  DEVICE Key read(const std::uint32_t* records, std::uint64_t record) const {
    const unsigned words = partition.bucket_words();
    Key key = 0;
    UNROLL
    for (unsigned word = 0; word < 4; ++word)
      if (word < words) key |= Key{records[record * words + word]} << 32 * word;
    return key;
  }

  DEVICE unsigned label(Key record) const {
    return static_cast<unsigned>(record & low_mask(partition.layout.label_bits));
  }

  /// The bits of the first tokens that the bucket's number does not determine, and their number.
  DEVICE std::uint64_t prefix(Key record) const {
    return static_cast<std::uint64_t>(record >> partition.tail_bits());
  }
  DEVICE unsigned prefix_bits() const { return partition.prefix_bits() - partition.bucket_bits; }

  /// Code of the last token of the window's n-gram of `order`, which must be above the first order.
  DEVICE std::uint64_t code(Key record, unsigned order) const {
    return static_cast<std::uint64_t>(record >> partition.code_shift(order) &
                                      low_mask(partition.layout.code_bits));
  }

  /// The bits in which n-grams of `order` can differ if everything before is equal: the code of the
  /// last token or, for the first order, the prefix.
  DEVICE std::uint64_t bits(Key record, unsigned order) const {
    return order == partition.first_order ? prefix(record) : code(record, order);
  }

  /// Whether a window that is at least as long as `order` ends after `order` tokens. Must not be
  /// called for `max_order`.
  DEVICE bool ends(Key record, unsigned order) const {
    if (order < partition.last_order) return code(record, order + 1) == 0;
    return partition.has_end() && (record >> partition.layout.label_bits & 1U) != 0;
  }

  /// Whether a window is as long as the last order and does not end with it, or cannot be longer.
  DEVICE bool whole(Key record) const {
    const unsigned last = partition.last_order;
    return (partition.first_order == last || code(record, last) != 0) && !ends(record, last);
  }
};

/// The records of one bucket.
struct Bucket {
  const std::uint32_t* records;
  std::uint64_t number;
};

}  // namespace collapse_stats::cuda
