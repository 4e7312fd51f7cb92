#pragma once

#include "cuda/api.hpp"
#include "device.cuh"

/// Adding n-grams to the joint spectra of a `Tally`, from within a kernel.
namespace collapse_stats::cuda {

/// Joint spectra of few counts in shared memory, in front of those in device memory: nearly all
/// types are there, and each block adds them up once.
struct TallyFront {
  static constexpr unsigned tables = 32, cells = 64;
  std::uint32_t types[tables * cells];
};

/// Counts per label of one n-gram.
struct LabelCounts {
  Count of[4];

  DEVICE Count under(unsigned mask) const {
    Count sum = 0;
    for (unsigned label = 0; label < 4; ++label)
      if (mask >> label & 1U) sum += of[label];
    return sum;
  }
};

/// What kernels see of a `Tally`.
struct TallyView {
  Tally tally;

  template <class Block>
  DEVICE void clear(Block& block, TallyFront& front) const {
    block.each([&](unsigned thread) {
      for (unsigned at = thread; at < TallyFront::tables * TallyFront::cells; at += Block::size)
        front.types[at] = 0;
    });
  }

  /// Within a phase: an n-gram of `order` with these counts.
  template <class Block>
  DEVICE void add_ngram(Block& block, TallyFront& front, unsigned order,
                        const LabelCounts& counts) const {
    for (unsigned pair = 0; pair < tally.pairs; ++pair) {
      const Count a = counts.under(tally.first[pair]), b = counts.under(tally.second[pair]);
      if (a == 0 && b == 0) continue;
      const unsigned table = tally.table(Tally::ngrams, order, pair);
      const unsigned height = tally.second[pair] == 0 ? 1 : 8;
      if (table < TallyFront::tables && a < TallyFront::cells / height && b < height)
        block.add(&front.types[table * TallyFront::cells + static_cast<unsigned>(a * height + b)],
                  std::uint32_t{1});
      else
        add(block, table, pair, a, b, 1);
    }
  }

  /// Within a phase: the context of n-grams of `order`, seen as often as these n-grams begin with
  /// it. `types` is one, or minus one to take it away.
  template <class Block>
  DEVICE void add_context(Block& block, unsigned order, const LabelCounts& counts,
                          Count types) const {
    for (unsigned pair = 0; pair < tally.pairs; ++pair) {
      const Count a = counts.under(tally.first[pair]), b = counts.under(tally.second[pair]);
      if (a != 0 || b != 0) add(block, tally.table(Tally::contexts, order, pair), pair, a, b, types);
    }
  }

  /// Within a phase: windows that begin with `token`; `followed` if another token follows.
  template <class Block>
  DEVICE void add_unigram(Block& block, std::uint64_t token, const LabelCounts& counts,
                          bool followed) const {
    const unsigned labels = tally.layout.labels;
    for (unsigned label = 0; label < labels; ++label) {
      if (counts.of[label] == 0) continue;
      block.add(&tally.unigrams()[token * labels + label], counts.of[label]);
      if (followed) block.add(&tally.followed()[token * labels + label], counts.of[label]);
    }
  }

  /// After the last phase that adds: what the block has in front goes to device memory.
  template <class Block>
  DEVICE void flush(Block& block, TallyFront& front) const {
    block.each([&](unsigned thread) {
      for (unsigned at = thread; at < TallyFront::tables * TallyFront::cells; at += Block::size) {
        if (front.types[at] == 0) continue;
        const unsigned table = at / TallyFront::cells, cell = at % TallyFront::cells;
        const unsigned pair = table % tally.pairs;
        const unsigned height = tally.second[pair] == 0 ? 1 : 8;
        add(block, table, pair, cell / height, cell % height, front.types[at]);
      }
    });
  }

 private:
  template <class Block>
  DEVICE void add(Block& block, unsigned table, unsigned pair, Count a, Count b,
                  Count types) const {
    const Count height = tally.second[pair] == 0 ? 1 : Tally::side;
    if (a < Tally::cells / height && b < height) {
      block.add(&tally.dense()[table * Tally::cells + a * height + b], types);
      return;
    }
    const std::uint64_t place = block.add(tally.listed(), std::uint64_t{1});
    if (place >= tally.capacity) return;
    std::uint64_t* const entry = tally.list() + 4 * place;
    entry[0] = table;
    entry[1] = a;
    entry[2] = b;
    entry[3] = types;
  }
};

}  // namespace collapse_stats::cuda
