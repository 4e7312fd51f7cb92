#pragma once

#include "cuda/tally.hpp"

namespace collapse_stats::cuda {

/// N-grams seen once, which are the most frequent. A thread sums them up before it adds them to the
/// tally.
template <unsigned Labels>
struct SeenOnce {
  std::uint32_t ngrams[Labels] = {};

  DEVICE void add(const CountsOf<Labels>& counts) {
    UNROLL
    for (unsigned label = 0; label < Labels; ++label)
      ngrams[label] += static_cast<std::uint32_t>(counts.of[label]);
  }

  /// Within a phase: add them to orders `first` to `last`.
  template <class Block>
  DEVICE void flush(Block& block, const TallyView& tally, TallyFront& front, unsigned first,
                    unsigned last) const {
    UNROLL
    for (unsigned label = 0; label < Labels; ++label) {
      if (ngrams[label] == 0) continue;
      CountsOf<Labels> once{};
      once.of[label] = 1;
      for (unsigned order = first; order <= last; ++order)
        tally.add_ngram(block, front, order, once, ngrams[label]);
    }
  }
};

}  // namespace collapse_stats::cuda
