#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <span>
#include <vector>

#include "key.hpp"
#include "spectrum.hpp"

namespace collapse_stats {

/// Counts of each label. The number of labels is a compile-time constant: the smallest power of two
/// that is not below the layout's number of labels.
template <unsigned labels>
using LabelCounts = std::array<Count, labels>;

/// Intermediate counts of every order while rows are scanned, from which the spectra are made.
class Tally {
 public:
  /// Throws std::invalid_argument if a mask contains labels that the layout does not have.
  Tally(const Layout& layout, std::span<const Masks> masks);

  /// Whether `masks` are the masks that this tally was made for.
  bool counts(std::span<const Masks> masks) const;

  /// Add `types` n-grams with these counts. Order 1 is added here only if it is the longest order;
  /// see `unigrams`.
  template <unsigned labels>
  void ngram(unsigned order, const LabelCounts<labels>& counts, Count types = 1);

  /// Add an n-gram which `ended` of `counts` times was followed by no token, so that it was a
  /// context less often than it was seen.
  template <unsigned labels>
  void ended(unsigned order, LabelCounts<labels> counts, const LabelCounts<labels>& ended) {
    add<labels>(orders_[order].contexts, counts, Count{0} - 1);
    for (unsigned label = 0; label < labels; ++label) counts[label] -= ended[label];
    add<labels>(orders_[order].contexts, counts, 1);
  }

  /// Add `types` n-grams that were seen once, under `label`; the second function adds those of them
  /// that no token followed.
  void singles(unsigned order, unsigned label, Count types) {
    orders_[order].singles[label] += types;
  }
  void ended_singles(unsigned order, unsigned label, Count types) {
    orders_[order].ended_singles[label] += types;
  }

  /// Add to the number of windows scanned.
  template <unsigned labels>
  void windows(const LabelCounts<labels>& counts) {
    for (unsigned label = 0; label < labels; ++label) windows_[label] += counts[label];
  }

  /// Counts of order 1 and of contexts of order 2, unless 1 is the longest order. There are as many
  /// columns as `LabelCounts` has.
  Unigrams unigrams;

  void add(const Tally& other);
  JointSpectra spectra() const;

 private:
  using Histograms = std::vector<JointHistogram>;  // [pair of the basis]
  using Labelled = LabelCounts<max_labels>;

  /// N-grams with small counts are tallied in one cell for the counts of all labels, which takes
  /// one step instead of one for each pair of masks. This is the number of bits of the cell's index
  /// that a label's count takes. With eight labels, the first two belong to the text that stays in
  /// every mask, and get more bits.
  static constexpr unsigned few_bits(unsigned labels, unsigned label) {
    return labels <= 4 || label < 2 ? 3 : 1;
  }
  static constexpr std::size_t few_cells = 4096;

  struct Order {
    std::vector<Count> few;  // small counts, if there are more than two labels
    Histograms ngrams;       // all other n-grams
    Histograms contexts;     // of the next order, as differences from `ngrams`
    Labelled singles{};
    Labelled ended_singles{};
  };

  template <unsigned labels>
  void add(Histograms& histograms, const LabelCounts<labels>& counts, Count types) const;
  void add_few(JointHistogram& histogram, std::size_t pair, unsigned order) const;
  JointHistogram under(std::size_t pair, const Histograms& histograms, const Labelled& singles,
                       Count types) const;
  JointHistogram ngrams(unsigned order, std::size_t pair) const;
  JointHistogram contexts(unsigned order, std::size_t pair,
                          const JointHistogram& shorter_ngrams) const;

  Layout layout_;
  std::vector<Masks> masks_;
  std::vector<Masks> basis_;   // pairs that are tallied; see `basis_of`
  std::vector<Order> orders_;  // [order]
  Labelled windows_{};
};

template <unsigned labels>
inline void Tally::ngram(unsigned order, const LabelCounts<labels>& counts, Count types) {
  Order& out = orders_[order];
  if constexpr (labels > 2) {
    Count beyond = 0;
    std::size_t cell = 0;
    for (unsigned label = labels; label-- > 0;) {
      const unsigned bits = few_bits(labels, label);
      beyond |= counts[label] >> bits;
      cell = cell << bits | counts[label];
    }
    if (beyond == 0) {
      out.few[cell] += types;
      return;
    }
  }
  add<labels>(out.ngrams, counts, types);
}

/// With one or two labels there is one pair: the labels themselves.
template <unsigned labels>
inline void Tally::add(Histograms& histograms, const LabelCounts<labels>& counts,
                       Count types) const {
  if constexpr (labels <= 2) {
    histograms.front().add(counts[0], labels == 2 ? counts[labels - 1] : 0, types);
  } else {
    constexpr unsigned four = 4, masks = 1U << four;
    std::array<std::array<Count, masks>, labels / four> under;  // sums by mask of four labels
    for (unsigned part = 0; part < under.size(); ++part) {
      under[part][0] = 0;
      for (unsigned mask = 1; mask < masks; ++mask)
        under[part][mask] = under[part][mask & (mask - 1)] +
                            counts[part * four + static_cast<unsigned>(std::countr_zero(mask))];
    }
    const auto sum = [&](unsigned mask) {
      Count total = under[0][mask % masks];
      if constexpr (labels > four) total += under[1][mask / masks];
      return total;
    };
    for (std::size_t pair = 0; pair < basis_.size(); ++pair)
      histograms[pair].add(sum(basis_[pair].first), sum(basis_[pair].second), types);
  }
}

}  // namespace collapse_stats
