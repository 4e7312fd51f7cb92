#pragma once

#include "cuda/tally.hpp"
#include "device.cuh"

namespace collapse_stats::cuda {

/// Counts of keys per label, in shared memory: open addressing, the next slot if one is taken.
template <class Tuning>
struct BucketTable {
  static constexpr unsigned slots = Tuning::slots, labels = Tuning::labels;
  static constexpr std::uint64_t free = ~std::uint64_t{0};  // no key

  std::uint64_t keys[slots];
  std::uint32_t counts[labels][slots];

  /// Within a phase: what a thread does to clear the table.
  DEVICE void clear(unsigned thread) {
    for (unsigned slot = thread; slot < slots; slot += Tuning::threads) {
      keys[slot] = free;
      UNROLL
      for (unsigned label = 0; label < labels; ++label) counts[label][slot] = 0;
    }
  }

  /// Where `key` is, now if not before; `slots` if the table is full.
  template <class Block>
  DEVICE unsigned slot(Block& block, std::uint64_t key) {
    const std::uint64_t hash = key * mix_multiplier >> 32;
    auto slot = static_cast<unsigned>(hash * slots >> 32);
    for (unsigned probes = 0; probes < slots; ++probes) {
      std::uint64_t there = block.peek(&keys[slot]);
      if (there == free) there = block.exchange(&keys[slot], free, key);
      if (there == free || there == key) return slot;
      slot = slot + 1 == slots ? 0 : slot + 1;
    }
    return slots;
  }

  DEVICE CountsOf<labels> of(unsigned slot) const {
    CountsOf<labels> counts;
    UNROLL
    for (unsigned label = 0; label < labels; ++label) counts.of[label] = this->counts[label][slot];
    return counts;
  }

  DEVICE std::uint32_t total(unsigned slot) const {
    std::uint32_t total = 0;
    UNROLL
    for (unsigned label = 0; label < labels; ++label) total += counts[label][slot];
    return total;
  }
};

/// N-grams seen once, which a thread adds up before it adds them to the tally: most n-grams are.
template <unsigned Labels>
struct SeenOnce {
  std::uint32_t ngrams[Labels] = {};

  DEVICE void add(const CountsOf<Labels>& one) {
    UNROLL
    for (unsigned label = 0; label < Labels; ++label)
      ngrams[label] += static_cast<std::uint32_t>(one.of[label]);
  }

  /// Within a phase: to orders `first` to `last`.
  template <class Block>
  DEVICE void flush(Block& block, const TallyView& tally, TallyFront& front, unsigned first,
                    unsigned last) const {
    UNROLL
    for (unsigned label = 0; label < Labels; ++label) {
      if (ngrams[label] == 0) continue;
      CountsOf<Labels> one{};
      one.of[label] = 1;
      for (unsigned order = first; order <= last; ++order)
        tally.add_ngram(block, front, order, one, ngrams[label]);
    }
  }
};

}  // namespace collapse_stats::cuda
