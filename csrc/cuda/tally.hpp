#pragma once

#include "cuda/api.hpp"
#include "device.cuh"

/// Adding n-grams to the joint spectra of a `Tally` from within a kernel.
namespace collapse_stats::cuda {

/// Joint spectra of small counts in shared memory. Nearly all types have small counts; each block
/// adds them up here and then moves the sums to device memory once. There is room for the n-grams
/// of five orders and seven pairs of masks, which intervals need; other spectra are added to device
/// memory directly.
struct TallyFront {
  static constexpr unsigned tables = 36, cells = 64;
  std::uint32_t types[tables * cells];
};

/// Counts of one n-gram by label; zero for labels that the layout does not have.
template <unsigned Labels>
struct CountsOf {
  static constexpr unsigned labels = Labels;
  Count of[Labels];

  DEVICE Count under(unsigned mask) const {
    Count sum = 0;
    UNROLL
    for (unsigned label = 0; label < Labels; ++label)
      if (mask >> label & 1U) sum += of[label];
    return sum;
  }

  DEVICE CountsOf operator-(const CountsOf& less) const {
    CountsOf difference;
    UNROLL
    for (unsigned label = 0; label < Labels; ++label)
      difference.of[label] = of[label] - less.of[label];
    return difference;
  }
};

using LabelCounts = CountsOf<4>;

/// The part of a `Tally` that a kernel uses: it adds n-grams of orders `first_order` to
/// `last_order`, and the contexts of the orders one higher.
struct TallyView {
  Tally tally;
  unsigned first_order, last_order;

  template <class Block>
  DEVICE void clear(Block& block, TallyFront& front) const {
    block.each([&](unsigned thread) {
      for (unsigned at = thread; at < TallyFront::tables * TallyFront::cells; at += Block::size)
        front.types[at] = 0;
    });
  }

  /// Within a phase: add `types` n-grams of `order` with these counts.
  template <class Block, class Counts>
  DEVICE void add_ngram(Block& block, TallyFront& front, unsigned order, const Counts& counts,
                        Count types = 1) const {
    add(block, front, Tally::ngrams, order, counts, types);
  }

  /// Within a phase: add a context of `order` with these counts to the spectrum or, if `types` is
  /// minus one, subtract it. Contexts are stored as differences: unless something is added, a
  /// context of trigrams is taken to be seen as often as it is as a bigram. For example, a bigram
  /// that was seen 5 times, twice at a document's end, is a context 3 times: a context seen 5 times
  /// is subtracted, and one seen 3 times is added.
  template <class Block, class Counts>
  DEVICE void add_context(Block& block, TallyFront& front, unsigned order, const Counts& counts,
                          Count types) const {
    add(block, front, Tally::contexts, order, counts, types);
  }

  /// Within a phase: correct the context of an n-gram of `order - 1` that ended its document in
  /// `ended` of `counts` cases.
  template <class Block, class Counts>
  DEVICE void correct_context(Block& block, TallyFront& front, unsigned order, const Counts& counts,
                              const Counts& ended) const {
    add_context(block, front, order, counts, Count{0} - 1);
    add_context(block, front, order, counts - ended, 1);
  }

  /// Within a phase: add windows that begin with `token`; `followed` says whether another token
  /// follows.
  template <class Block, class Counts>
  DEVICE void add_unigram(Block& block, std::uint64_t token, const Counts& counts,
                          bool followed) const {
    const std::uint64_t at = token * tally.layout.labels;
    UNROLL
    for (unsigned label = 0; label < Counts::labels; ++label) {
      if (counts.of[label] == 0) continue;
      block.add(&tally.unigrams()[at + label], counts.of[label]);
      if (!followed) block.add(&tally.ended()[at + label], counts.of[label]);
    }
  }

  /// Move the block's sums to device memory, after the last phase that adds.
  template <class Block>
  DEVICE void flush(Block& block, TallyFront& front) const {
    block.each([&](unsigned thread) {
      for (unsigned at = thread; at < TallyFront::tables * TallyFront::cells; at += Block::size) {
        if (front.types[at] == 0) continue;
        const auto types = static_cast<std::int32_t>(front.types[at]);  // contexts can be below 0
        const unsigned cell = at % TallyFront::cells, pair = at / TallyFront::cells % tally.pairs;
        const unsigned row = at / TallyFront::cells / tally.pairs;
        const unsigned height = tally.second[pair] == 0 ? 1 : 8;
        add(block, table(row, pair), pair, cell / height, cell % height,
            static_cast<Count>(std::int64_t{types}));
      }
    });
  }

  /// Write an entry to its place in the list, unless it lies beyond the capacity.
  DEVICE void put(std::uint64_t place, const Tally::Entry& entry) const {
    if (place >= tally.capacity) return;
    std::uint64_t* const words = tally.list() + 4 * place;
    words[0] = entry.table;
    words[1] = entry.a;
    words[2] = entry.b;
    words[3] = entry.types;
  }

 private:
  /// Row in `TallyFront`, which has one table for each pair of masks: first n-grams by order, then
  /// contexts.
  DEVICE unsigned row(Tally::Kind kind, unsigned order) const {
    return kind == Tally::ngrams ? order - first_order
                                 : last_order - first_order + order - first_order;
  }

  /// The spectrum number for a row in `TallyFront`.
  DEVICE unsigned table(unsigned row, unsigned pair) const {
    const unsigned orders = last_order - first_order + 1;
    return row < orders ? tally.table(Tally::ngrams, first_order + row, pair)
                        : tally.table(Tally::contexts, first_order + 1 + row - orders, pair);
  }

  template <class Block, class Counts>
  DEVICE void add(Block& block, TallyFront& front, Tally::Kind kind, unsigned order,
                  const Counts& counts, Count types) const {
    const unsigned ahead = row(kind, order) * tally.pairs;
    for (unsigned pair = 0; pair < tally.pairs; ++pair) {
      const Count a = counts.under(tally.first[pair]), b = counts.under(tally.second[pair]);
      if (a == 0 && b == 0) continue;
      const unsigned height = tally.second[pair] == 0 ? 1 : 8;
      const unsigned at = (ahead + pair) * TallyFront::cells;
      if (ahead + pair < TallyFront::tables && a < TallyFront::cells / height && b < height)
        block.add(&front.types[at + static_cast<unsigned>(a * height + b)],
                  static_cast<std::uint32_t>(types));
      else
        add(block, tally.table(kind, order, pair), pair, a, b, types);
    }
  }

  template <class Block>
  DEVICE void add(Block& block, unsigned table, unsigned pair, Count a, Count b,
                  Count types) const {
    const Count height = tally.second[pair] == 0 ? 1 : Tally::side;
    if (a < Tally::cells / height && b < height) {
      block.add(&tally.dense()[table * Tally::cells + a * height + b], types);
      return;
    }
    put(block.add(tally.listed(), std::uint64_t{1}), {table, a, b, types});
  }
};

}  // namespace collapse_stats::cuda
