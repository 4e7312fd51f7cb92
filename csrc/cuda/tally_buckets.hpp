#pragma once

#include "cuda/long_bucket.hpp"
#include "cuda/partition_api.hpp"
#include "cuda/short_bucket.hpp"
#include "cuda/tally.hpp"
#include "device.cuh"
#include "partition_tuning.hpp"

namespace collapse_stats::cuda {

/// A block takes one bucket after another, counts its n-grams in shared memory and adds them to the
/// tally. Buckets that do not fit are left out: those of several orders with more windows than the
/// block's threads can note, those of one order with too many different n-grams, and those with so
/// many windows that the other blocks would have to wait.
///
/// Moves, per window: the record, once from memory and, if it is still there, from the L2 cache for
/// every further round of naming in which the window takes part. Probably bound by operations on
/// shared memory.
/// sm_90: 56 to 64 registers, up to 68 B spilled, 47,120 to 113,632 B of shared memory.
template <class Tuning>
struct TallyBuckets {
  static constexpr unsigned threads = Tuning::threads, resident = 2;
  using Short = ShortBucket<Tuning>;
  using Long = LongBucket<Tuning>;

  struct Shared {
    union {
      typename Short::Shared short_;
      typename Long::Shared long_;
    };
    TallyFront front;
    std::uint64_t next[2];  // the next buckets, used alternately
  };
  static constexpr std::size_t shared_bytes = Tuning::bytes;

  BucketRecords source;
  TallyView tally;
  const std::uint64_t* bucket_ends;
  std::uint64_t first_bucket, buckets;
  std::uint64_t* next;    // index of the next bucket
  std::uint64_t longest;  // most windows of a bucket that one block may count
  const std::uint32_t* records;
  HeavyBuckets heavy;

  template <class Block>
  DEVICE void operator()(Block& block, Shared& shared) const {
    tally.clear(block, shared.front);
    block.each([&](unsigned thread) {
      if (thread == 0) shared.next[0] = block.add(next, std::uint64_t{1});
    });
    for (unsigned turn = 0;; turn ^= 1U) {
      const std::uint64_t index = shared.next[turn];
      if (index >= buckets) break;
      const auto take_next = [&](unsigned thread) {
        if (thread == 0) shared.next[turn ^ 1U] = block.add(next, std::uint64_t{1});
      };
      const std::uint64_t begin = index == 0 ? 0 : bucket_ends[index - 1];
      const Bucket bucket{records + begin * source.partition.bucket_words(),
                          bucket_ends[index] - begin};
      add(block, shared, bucket, first_bucket + index, take_next);
    }
    tally.flush(block, shared.front);
  }

 private:
  /// Add a bucket, or leave it out. Each thread calls `beside` once.
  template <class Block, class Beside>
  DEVICE void add(Block& block, Shared& shared, const Bucket& bucket, std::uint64_t index,
                  Beside beside) const {
    if (bucket.number == 0) {
      block.each(beside);
    } else if (bucket.number <= Short::max_windows) {
      Short{source, tally, shared.front, shared.short_, bucket}.add(block, beside);
    } else if (source.partition.first_order == source.partition.last_order &&
               bucket.number <= longest) {
      if (!Long{source, tally, shared.front, shared.long_, bucket}.add(block, beside))
        leave_out(block, index, bucket.number, [](unsigned) {});
    } else {
      leave_out(block, index, bucket.number, beside);
    }
  }

  template <class Block, class Beside>
  DEVICE void leave_out(Block& block, std::uint64_t bucket, std::uint64_t windows,
                        Beside beside) const {
    block.each([&](unsigned thread) {
      beside(thread);
      if (thread != 0) return;
      block.set_bits(&heavy.flags[bucket / 32], 1U << bucket % 32);
      block.add(heavy.windows, windows);
    });
  }
};

}  // namespace collapse_stats::cuda
