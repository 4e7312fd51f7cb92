#pragma once

#include "cuda/bucket_table.hpp"
#include "cuda/partition_api.hpp"
#include "cuda/tally.hpp"
#include "device.cuh"
#include "partition_tuning.hpp"

namespace collapse_stats::cuda {

/// Reads the records of a bucket. See `Partition` for what they hold.
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

  /// What the bucket's number leaves of the first tokens.
  DEVICE std::uint64_t prefix(Key record) const {
    return static_cast<std::uint64_t>(record >> partition.tail_bits());
  }

  /// Code of the last token of a window's n-gram of `order`, beyond the first order.
  DEVICE std::uint64_t code(Key record, unsigned order) const {
    return static_cast<std::uint64_t>(record >> partition.code_shift(order) &
                                      low_mask(partition.layout.code_bits));
  }

  /// Whether a window at least as long as `order` ends with it. Not to be asked of `max_order`.
  DEVICE bool ends(Key record, unsigned order) const {
    if (order < partition.last_order) return code(record, order + 1) == 0;
    return partition.has_end() && (record >> partition.layout.label_bits & 1U) != 0;
  }
};

/// A block takes bucket after bucket, counts the n-grams of the first order in a hash table in
/// shared memory, adds them to the tally, and goes on to the next order: a window's n-gram is then
/// where that of the order before is in the table, and one more code. Windows whose n-gram was seen
/// once are done with: so is whatever begins with it. A thread works on every so-many-th window or
/// slot.
///
/// Moves, per window: the record, from memory once and from the L2 cache for every further order
/// that the window is still in. Bound by shared-memory atomics. sm_90: 40 registers, 112 KB of
/// shared memory, no spills; so two blocks of 512 threads at once.
template <class Tuning>
struct TallyBuckets {
  static constexpr unsigned threads = Tuning::threads, slots = Tuning::slots;
  static constexpr unsigned labels = Tuning::labels;
  static_assert(slots < 1U << 16);

  struct Shared {
    BucketTable<Tuning> table;
    std::uint32_t ended[(slots + 31) / 32];  // slots of n-grams that some windows end with
    TallyFront front;
    std::uint64_t bucket;
    std::uint32_t overfull, ending;
    std::uint16_t slot[slots];  // of each window
  };
  static_assert(sizeof(Shared) <= Tuning::bytes);

  BucketRecords source;
  TallyView tally;
  const std::uint64_t* bucket_ends;
  std::uint64_t first_bucket, buckets;
  std::uint64_t* next;  // bucket to be taken
  const std::uint32_t* records;
  HeavyBuckets heavy;

  /// The records of a bucket.
  struct Bucket {
    const std::uint32_t* records;
    std::uint64_t number;
  };

  template <class Block>
  DEVICE void operator()(Block& block, Shared& shared) const {
    tally.clear(block, shared.front);
    for (;;) {
      block.each([&](unsigned thread) {
        if (thread == 0) shared.bucket = block.add(next, std::uint64_t{1});
      });
      const std::uint64_t index = shared.bucket;
      if (index >= buckets) break;
      clear(block, shared);
      const std::uint64_t begin = index == 0 ? 0 : bucket_ends[index - 1];
      const Bucket bucket{records + begin * source.partition.bucket_words(),
                          bucket_ends[index] - begin};
      if (bucket.number == 0) continue;
      if (count_first(block, shared, bucket))
        tally_orders(block, shared, bucket);
      else
        refuse(block, first_bucket + index, bucket.number);
    }
    tally.flush(block, shared.front);
  }

 private:
  static constexpr std::uint16_t no_slot = 0xFFFF;

  /// Whether windows have their slots noted. If not, there is one order only.
  DEVICE static bool noted(const Bucket& bucket) { return bucket.number <= slots; }

  template <class Block>
  DEVICE void clear(Block& block, Shared& shared) const {
    block.each([&](unsigned thread) {
      shared.table.clear(thread);
      for (unsigned word = thread; word < (slots + 31) / 32; word += threads)
        shared.ended[word] = 0;
      if (thread == 0) shared.overfull = shared.ending = 0;
    });
  }

  /// Counts the n-grams of the first order, if they fit. The table is clear.
  template <class Block>
  DEVICE bool count_first(Block& block, Shared& shared, const Bucket& bucket) const {
    const unsigned order = source.partition.first_order;
    if (!noted(bucket) && order < source.partition.last_order) return false;
    block.each([&](unsigned thread) {
      for (std::uint64_t at = thread; at < bucket.number; at += threads) {
        if (block.peek(&shared.overfull) != 0) return;
        const Key record = source.read(bucket.records, at);
        const unsigned slot = shared.table.slot(block, source.prefix(record));
        if (slot == slots) {
          block.set_bits(&shared.overfull, 1);
          return;
        }
        if (noted(bucket)) shared.slot[at] = static_cast<std::uint16_t>(slot);
        count(block, shared, record, slot, order);
      }
    });
    return shared.overfull == 0;
  }

  template <class Block>
  DEVICE void count(Block& block, Shared& shared, Key record, unsigned slot, unsigned order) const {
    block.add(&shared.table.counts[source.label(record)][slot], std::uint32_t{1});
    if (source.ends(record, order) && block.peek(&shared.ending) == 0)
      block.set_bits(&shared.ending, 1);
  }

  template <class Block>
  DEVICE void tally_orders(Block& block, Shared& shared, const Bucket& bucket) const {
    for (unsigned order = source.partition.first_order;; ++order) {
      tally_ngrams(block, shared, order);
      if (order < tally.tally.layout.max_order && shared.ending != 0)
        take_ended(block, shared, bucket, order);
      if (order == source.partition.last_order) return;
      retire(block, shared, bucket, order);
      clear(block, shared);
      extend(block, shared, bucket, order + 1);
    }
  }

  template <class Block>
  DEVICE void tally_ngrams(Block& block, Shared& shared, unsigned order) const {
    block.each([&](unsigned thread) {
      SeenOnce<labels> once;
      for (unsigned slot = thread; slot < slots; slot += threads) {
        const CountsOf<labels> counts = shared.table.of(slot);
        const std::uint32_t total = shared.table.total(slot);
        if (total == 1)
          once.add(counts);
        else if (total > 1)
          tally.add_ngram(block, shared.front, order, counts);
      }
      once.flush(block, tally, shared.front, order, order);
    });
  }

  /// Takes the windows that end with `order` out of the counts. What is left of an n-gram's is the
  /// count of a context of the next order; it was taken to be that of the n-gram.
  template <class Block>
  DEVICE void take_ended(Block& block, Shared& shared, const Bucket& bucket, unsigned order) const {
    const auto each_ended = [&](auto visit) {
      block.each([&](unsigned thread) {
        for (std::uint64_t at = thread; at < bucket.number; at += threads) {
          if (noted(bucket) && shared.slot[at] == no_slot) continue;
          const Key record = source.read(bucket.records, at);
          if (!source.ends(record, order)) continue;
          visit(record,
                noted(bucket) ? shared.slot[at] : shared.table.slot(block, source.prefix(record)));
        }
      });
    };
    const auto add_contexts = [&](Count types) {
      block.each([&](unsigned thread) {
        for (unsigned slot = thread; slot < slots; slot += threads)
          if (shared.ended[slot / 32] >> slot % 32 & 1U)
            tally.add_context(block, shared.front, order + 1, shared.table.of(slot), types);
      });
    };
    each_ended(
        [&](Key, unsigned slot) { block.set_bits(&shared.ended[slot / 32], 1U << slot % 32); });
    add_contexts(~Count{0});
    each_ended([&](Key record, unsigned slot) {
      block.add(&shared.table.counts[source.label(record)][slot], ~std::uint32_t{0});
    });
    add_contexts(1);
  }

  /// Is done with windows that end with `order`, and with those that alone go on from their n-gram:
  /// whatever they extend to is seen once.
  template <class Block>
  DEVICE void retire(Block& block, Shared& shared, const Bucket& bucket, unsigned order) const {
    const unsigned last = source.partition.last_order;
    block.each([&](unsigned thread) {
      SeenOnce<labels> once;
      for (unsigned at = thread; at < bucket.number; at += threads) {
        if (shared.slot[at] == no_slot) continue;
        const Key record = source.read(bucket.records, at);
        const bool ended = source.ends(record, order);
        if (!ended && shared.table.total(shared.slot[at]) > 1) continue;
        shared.slot[at] = no_slot;
        if (ended) continue;
        unsigned length = order + 1;
        while (length < last && !source.ends(record, length)) ++length;
        CountsOf<labels> one;
        UNROLL
        for (unsigned label = 0; label < labels; ++label)
          one.of[label] = label == source.label(record);
        if (length == last)
          once.add(one);
        else
          for (unsigned n = order + 1; n <= length; ++n)
            tally.add_ngram(block, shared.front, n, one);
        if (length < tally.tally.layout.max_order && source.ends(record, length))
          tally.add_context(block, shared.front, length + 1, one, ~Count{0});
      }
      once.flush(block, tally, shared.front, order + 1, last);
    });
  }

  /// Counts the n-grams of `order` of the windows that are left. The table is clear.
  template <class Block>
  DEVICE void extend(Block& block, Shared& shared, const Bucket& bucket, unsigned order) const {
    block.each([&](unsigned thread) {
      for (unsigned at = thread; at < bucket.number; at += threads) {
        if (shared.slot[at] == no_slot) continue;
        const Key record = source.read(bucket.records, at);
        const std::uint64_t key = std::uint64_t{shared.slot[at]}
                                      << source.partition.layout.code_bits |
                                  source.code(record, order);
        const unsigned slot = shared.table.slot(block, key);  // there is one for every window
        shared.slot[at] = static_cast<std::uint16_t>(slot);
        count(block, shared, record, slot, order);
      }
    });
  }

  template <class Block>
  DEVICE void refuse(Block& block, std::uint64_t bucket, std::uint64_t windows) const {
    block.each([&](unsigned thread) {
      if (thread != 0) return;
      block.set_bits(&heavy.flags[bucket / 32], 1U << bucket % 32);
      block.add(heavy.windows, windows);
    });
  }
};

}  // namespace collapse_stats::cuda
