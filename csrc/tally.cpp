#include "tally.hpp"

#include <algorithm>

namespace collapse_stats {
namespace {

/// The pairs of masks that are tallied. With up to two labels, one pair suffices for all others.
std::vector<Masks> basis_of(const Layout& layout, std::span<const Masks> masks) {
  if (layout.labels == 1) return {{0b1, 0}};
  if (layout.labels == 2) return {{0b01, 0b10}};
  return {masks.begin(), masks.end()};
}

/// The sum of the counts of the labels in a mask.
Count sum_under(unsigned mask, const Count* counts) {
  Count sum = 0;
  for (; mask != 0; mask &= mask - 1) sum += counts[static_cast<unsigned>(std::countr_zero(mask))];
  return sum;
}

void add_type(JointHistogram& histogram, const Masks& masks, const Count* counts) {
  histogram.add(sum_under(masks.first, counts), sum_under(masks.second, counts), 1);
}

}  // namespace

Tally::Tally(const Layout& layout, std::span<const Masks> masks)
    : unigrams(layout.max_order == 1 ? 0 : layout.vocab_size, std::size_t{1} << layout.label_bits),
      layout_(layout),
      masks_(masks.begin(), masks.end()),
      basis_(basis_of(layout, masks)),
      orders_(layout.max_order + 1, Order{std::vector<Count>(layout.labels > 2 ? few_cells : 0),
                                          Histograms(basis_.begin(), basis_.end()),
                                          Histograms(basis_.begin(), basis_.end())}) {
  check_masks(layout_, masks);
}

bool Tally::counts(std::span<const Masks> masks) const { return std::ranges::equal(masks, masks_); }

void Tally::add(const Tally& other) {
  for (unsigned order = 1; order <= layout_.max_order; ++order) {
    Order& mine = orders_[order];
    const Order& theirs = other.orders_[order];
    for (std::size_t pair = 0; pair < basis_.size(); ++pair) {
      mine.ngrams[pair].add(theirs.ngrams[pair]);
      mine.contexts[pair].add(theirs.contexts[pair]);
    }
    for (std::size_t cell = 0; cell < mine.few.size(); ++cell) mine.few[cell] += theirs.few[cell];
    for (unsigned label = 0; label < max_labels; ++label) {
      mine.singles[label] += theirs.singles[label];
      mine.ended_singles[label] += theirs.ended_singles[label];
    }
  }
  windows<max_labels>(other.windows_);
  unigrams.add(other.unigrams);
}

/// Histogram under the masks of `pair`: the tallied histograms, plus the singles `types` times.
JointHistogram Tally::under(std::size_t pair, const Histograms& histograms, const Labelled& singles,
                            Count types) const {
  const Masks& masks = masks_[pair];
  JointHistogram result = layout_.labels <= 2 ? JointHistogram(masks) : histograms[pair];
  if (layout_.labels <= 2)
    histograms.front().each([&](Count first, Count second, Count number) {
      const LabelCounts<2> counts{first, second};
      result.add(sum_under(masks.first, counts.data()), sum_under(masks.second, counts.data()),
                 number);
    });
  for (unsigned label = 0; label < layout_.labels; ++label)
    result.add(masks.first >> label & 1, masks.second >> label & 1, types * singles[label]);
  return result;
}

void Tally::add_few(JointHistogram& histogram, std::size_t pair, unsigned order) const {
  const std::vector<Count>& few = orders_[order].few;
  const unsigned labels = 1U << layout_.label_bits;
  for (std::size_t cell = 0; cell < few.size(); ++cell) {
    if (few[cell] == 0) continue;
    LabelCounts<max_labels> counts{};
    std::size_t rest = cell;
    for (unsigned label = 0; label < labels; ++label) {
      const unsigned bits = few_bits(labels, label);
      counts[label] = rest & ((1U << bits) - 1);
      rest >>= bits;
    }
    histogram.add(sum_under(masks_[pair].first, counts.data()),
                  sum_under(masks_[pair].second, counts.data()), few[cell]);
  }
}

JointHistogram Tally::ngrams(unsigned order, std::size_t pair) const {
  JointHistogram histogram = under(pair, orders_[order].ngrams, orders_[order].singles, 1);
  add_few(histogram, pair, order);
  if (order == 1)
    unigrams.each(
        [&](const Count* seen, const Count*) { add_type(histogram, masks_[pair], seen); });
  return histogram;
}

JointHistogram Tally::contexts(unsigned order, std::size_t pair,
                               const JointHistogram& shorter_ngrams) const {
  JointHistogram histogram(masks_[pair]);
  if (order == 1) add_type(histogram, masks_[pair], windows_.data());
  if (order == 2)
    unigrams.each([&](const Count*, const Count* continued) {
      add_type(histogram, masks_[pair], continued);
    });
  if (order > 2) {
    const Order& shorter = orders_[order - 1];
    histogram = shorter_ngrams;
    histogram.add(under(pair, shorter.contexts, shorter.ended_singles, Count{0} - 1));
  }
  return histogram;
}

JointSpectra Tally::spectra() const {
  unigrams.check();
  JointSpectra spectra;
  spectra.ngrams.resize(layout_.max_order);
  spectra.contexts.resize(layout_.max_order);
  for (std::size_t pair = 0; pair < masks_.size(); ++pair) {
    JointHistogram shorter(masks_[pair]);
    for (unsigned order = 1; order <= layout_.max_order; ++order) {
      spectra.contexts[order - 1].push_back(contexts(order, pair, shorter).spectrum());
      shorter = ngrams(order, pair);
      spectra.ngrams[order - 1].push_back(shorter.spectrum());
    }
  }
  return spectra;
}

}  // namespace collapse_stats
