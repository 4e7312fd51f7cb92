#pragma once

#include "cuda/bucket_records.hpp"
#include "cuda/seen_once.hpp"
#include "cuda/tally.hpp"

/// Counting the n-grams of one order in a bucket of many windows, most of which are repeats.
namespace collapse_stats::cuda {

/// Counts of keys per label in shared memory, in a hash table with linear probing.
template <unsigned Labels, unsigned Slots>
struct LongTable {
  static constexpr std::uint64_t free = ~std::uint64_t{0};  // an unused slot
  static constexpr unsigned slot_bytes = 8 + 4 * Labels;
  /// Only every eighth slot is watched. When seven eighths of the watched slots are taken, the
  /// table counts as full, because searches would become long.
  static constexpr unsigned watched = 8, most_taken = Slots / watched * 7 / 8;

  std::uint64_t keys[Slots];
  std::uint32_t counts[Labels][Slots];
  std::uint32_t taken;  // number of watched slots that are taken

  /// Within a phase: the part of one of `threads` threads in clearing the table.
  DEVICE void clear(unsigned thread, unsigned threads) {
    for (unsigned slot = thread; slot < Slots; slot += threads) {
      keys[slot] = free;
      UNROLL
      for (unsigned label = 0; label < Labels; ++label) counts[label][slot] = 0;
    }
    if (thread == 0) taken = 0;
  }

  template <class Block>
  DEVICE bool full(Block& block) {
    return block.peek(&taken) > most_taken;
  }

  /// Within a phase: find the slot of `key`, inserting the key if it is missing. Returns `Slots` if
  /// there is no free slot.
  template <class Block>
  DEVICE unsigned slot(Block& block, std::uint64_t key) {
    const std::uint64_t hash = key * mix_multiplier >> 32;
    auto slot = static_cast<unsigned>(hash * Slots >> 32);
    for (unsigned probes = 0; probes < Slots; ++probes) {
      std::uint64_t there = block.peek(&keys[slot]);
      if (there == free) {
        there = block.exchange(&keys[slot], free, key);
        if (there == free && slot % watched == 0) block.add(&taken, std::uint32_t{1});
      }
      if (there == free || there == key) return slot;
      slot = slot + 1 == Slots ? 0 : slot + 1;
    }
    return Slots;
  }

  DEVICE CountsOf<Labels> of(unsigned slot) const {
    CountsOf<Labels> result;
    UNROLL
    for (unsigned label = 0; label < Labels; ++label) result.of[label] = counts[label][slot];
    return result;
  }
};

/// Counts a bucket of any number of windows and one order. Thread t of n handles the windows or
/// slots t, t + n, t + 2n and so on.
template <class Tuning>
struct LongBucket {
  static constexpr unsigned threads = Tuning::threads, labels = Tuning::labels;
  static constexpr unsigned slots = Tuning::long_slots;
  using Table = LongTable<labels, slots>;

  struct Shared {
    Table table;
    std::uint32_t ended[(slots + 31) / 32];  // slots of n-grams with which windows end
    std::uint32_t overfull, ending;
  };

  const BucketRecords& source;
  const TallyView& tally;
  TallyFront& front;
  Shared& shared;
  Bucket bucket;

  /// Add the n-grams to the tally. Returns false if they are too many. Each thread calls `beside`
  /// in the first phase.
  template <class Block, class Beside>
  DEVICE bool add(Block& block, Beside beside) const {
    block.each([&](unsigned thread) {
      beside(thread);
      shared.table.clear(thread, threads);
      for (unsigned word = thread; word < (slots + 31) / 32; word += threads)
        shared.ended[word] = 0;
      if (thread == 0) shared.overfull = shared.ending = 0;
    });
    count(block);
    if (shared.overfull != 0) return false;
    const bool ending = shared.ending != 0;
    add_ngrams(block);
    if (ending) take_ended(block);
    return true;
  }

 private:
  DEVICE unsigned order() const { return source.partition.last_order; }
  DEVICE bool ends(Key record) const {
    return order() < source.partition.layout.max_order && source.ends(record, order());
  }

  template <class Block>
  DEVICE void count(Block& block) const {
    block.each([&](unsigned thread) {
      for (std::uint64_t at = thread; at < bucket.number; at += threads) {
        const Key record = source.read(bucket.records, at);
        const unsigned slot =
            shared.table.full(block) ? slots : shared.table.slot(block, source.prefix(record));
        if (slot == slots) {
          block.set_bits(&shared.overfull, 1);
          return;
        }
        block.add(&shared.table.counts[source.label(record)][slot], std::uint32_t{1});
        if (ends(record) && block.peek(&shared.ending) == 0) block.set_bits(&shared.ending, 1);
      }
    });
  }

  template <class Block>
  DEVICE void add_ngrams(Block& block) const {
    block.each([&](unsigned thread) {
      SeenOnce<labels> once;
      for (unsigned slot = thread; slot < slots; slot += threads) {
        const CountsOf<labels> counts = shared.table.of(slot);
        if (counts.under(~0U) == 1)
          once.add(counts);
        else
          tally.add_ngram(block, front, order(), counts);
      }
      once.flush(block, tally, front, order(), order());
    });
  }

  /// Subtract the windows that end with the order from the counts, which leaves the counts of
  /// contexts of the next order. The contexts were assumed to be as frequent as the n-grams: those
  /// assumed counts are removed from the tally, and the correct ones are added.
  template <class Block>
  DEVICE void take_ended(Block& block) const {
    const auto each_ended = [&](auto visit) {
      block.each([&](unsigned thread) {
        for (std::uint64_t at = thread; at < bucket.number; at += threads) {
          const Key record = source.read(bucket.records, at);
          if (ends(record)) visit(record, shared.table.slot(block, source.prefix(record)));
        }
      });
    };
    const auto add_contexts = [&](Count types) {
      block.each([&](unsigned thread) {
        for (unsigned slot = thread; slot < slots; slot += threads)
          if (shared.ended[slot / 32] >> slot % 32 & 1U)
            tally.add_context(block, front, order() + 1, shared.table.of(slot), types);
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
};

}  // namespace collapse_stats::cuda
