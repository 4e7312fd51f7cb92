#pragma once

#include "cuda/api.hpp"
#include "device.cuh"

/// Adding n-grams to the joint spectra of a `Tally`, from within a kernel.
namespace collapse_stats::cuda {

/// Joint spectra of few counts in shared memory, in front of those in device memory: nearly all
/// types are there, and each block adds them up once. There is room for the n-grams of five orders
/// and seven pairs of masks, which is what intervals ask for; what has no room goes past it.
struct TallyFront {
  static constexpr unsigned tables = 36, cells = 64;
  std::uint32_t types[tables * cells];
};

/// Counts per label of one n-gram; zeros for labels that the layout does not have.
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

/// What kernels see of a `Tally`: one that adds n-grams of `first_order` to `last_order`, and the
/// contexts of the orders behind them.
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

  /// Within a phase: an n-gram of `order` with these counts, or so many of them.
  template <class Block, class Counts>
  DEVICE void add_ngram(Block& block, TallyFront& front, unsigned order, const Counts& counts,
                        Count types = 1) const {
    add(block, front, Tally::ngrams, order, counts, types);
  }

  /// Within a phase: adds to the spectrum of contexts of `order`, or with `types` minus one takes
  /// from it, one that is seen so often. Contexts are stored as differences: unless something is
  /// added, a context of trigrams is taken to be seen as often as it is as a bigram. A bigram seen
  /// 5 times, twice at a document's end, is 3 times a context: 5 is taken away and 3 is added.
  template <class Block, class Counts>
  DEVICE void add_context(Block& block, TallyFront& front, unsigned order, const Counts& counts,
                          Count types) const {
    add(block, front, Tally::contexts, order, counts, types);
  }

  /// Within a phase: an n-gram of `order - 1` that ends with its document `ended` of `counts`
  /// times.
  template <class Block, class Counts>
  DEVICE void correct_context(Block& block, TallyFront& front, unsigned order, const Counts& counts,
                              const Counts& ended) const {
    add_context(block, front, order, counts, Count{0} - 1);
    add_context(block, front, order, counts - ended, 1);
  }

  /// Within a phase: windows that begin with `token`; `followed` if another token follows.
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

  /// After the last phase that adds: what the block has in front goes to device memory.
  template <class Block>
  DEVICE void flush(Block& block, TallyFront& front) const {
    block.each([&](unsigned thread) {
      for (unsigned at = thread; at < TallyFront::tables * TallyFront::cells; at += Block::size) {
        if (front.types[at] == 0) continue;
        const auto types = static_cast<std::int32_t>(front.types[at]);  // contexts: may be negative
        const unsigned cell = at % TallyFront::cells, pair = at / TallyFront::cells % tally.pairs;
        const unsigned row = at / TallyFront::cells / tally.pairs;
        const unsigned height = tally.second[pair] == 0 ? 1 : 8;
        add(block, table(row, pair), pair, cell / height, cell % height,
            static_cast<Count>(std::int64_t{types}));
      }
    });
  }

  /// Writes an entry to its place in the list, if the list has it.
  DEVICE void put(std::uint64_t place, const Tally::Entry& entry) const {
    if (place >= tally.capacity) return;
    std::uint64_t* const words = tally.list() + 4 * place;
    words[0] = entry.table;
    words[1] = entry.a;
    words[2] = entry.b;
    words[3] = entry.types;
  }

 private:
  /// Rows of tables in front, one for each pair: first of n-grams by order, then of contexts.
  DEVICE unsigned row(Tally::Kind kind, unsigned order) const {
    return kind == Tally::ngrams ? order - first_order
                                 : last_order - first_order + order - first_order;
  }

  /// The table that a row in front stands for.
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
