#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <vector>

#include "../spectrum.hpp"
#include "leaf.hpp"
#include "marks.hpp"

namespace collapse_stats::cpu {

/// Turns sorted leaves into joint spectra of every order without building rows.
///
/// N-grams seen once, about half of all, are counted 64 at a time by popcount; a longer run costs a
/// step each, 2 to 5 ns, bound by mispredicted branches. What is rare (document ends, squeezed
/// records) is first counted as if it were not there and then corrected.
class LeafScanner final : public LeafSink {
 public:
  LeafScanner(const RecordFormat& format, std::span<const Masks> masks);

  void leaf(const Leaf& leaf) override;

  /// Whether these are the masks it was made with.
  bool counts(std::span<const Masks> masks) const;

  void add(const LeafScanner& other);
  Tables tables() const;

 private:
  using Histograms = std::vector<JointHistogram>;  // [basis pair]

  /// What is counted of one order.
  struct Order {
    Histograms ngrams;
    Histograms contexts;                      // of the next order: what differs from ngrams
    LabelCounts<max_labels> singles{};        // n-grams seen once, and that under this label
    LabelCounts<max_labels> singles_ended{};  // those of them that no token follows
  };

  // Instances for 1, 2, 4 and 8 labels.
  template <unsigned labels>
  void scan(const Leaf& leaf);
  template <unsigned labels>
  void scan_bigrams(const Leaf& leaf);
  Key bigram(const Leaf& leaf, std::size_t place) const;
  template <unsigned labels>
  void scan_runs(unsigned order);
  template <unsigned labels>
  void scan_ends(const Leaf& leaf, unsigned order);
  template <unsigned labels>
  void add_extras(const Leaf& leaf, unsigned order);
  template <unsigned labels>
  LabelCounts<labels> seen(const Leaf& leaf, std::size_t first, std::size_t end) const;
  template <unsigned labels>
  void tally(Histograms& histograms, const LabelCounts<labels>& counts, Count types) const;
  JointHistogram under(const Masks& masks, std::size_t pair, const Histograms& histograms,
                       const LabelCounts<max_labels>& singles, Count types) const;

  Layout layout_;
  unsigned first_order_;  // shortest prefix that leaves keep together
  std::vector<Masks> masks_;
  std::vector<Masks> basis_;  // pairs that are tallied; up to two labels all others follow from one
  Marks marks_;
  std::vector<Order> orders_;  // [order]
  LabelCounts<max_labels> total_{};
  Unigrams unigrams_;  // a column for each label
};

}  // namespace collapse_stats::cpu
