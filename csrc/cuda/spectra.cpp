#include <algorithm>
#include <stdexcept>
#include <string>

#include "cuda/api.hpp"

namespace collapse_stats::cuda {
namespace {

using Histograms = std::vector<std::vector<JointHistogram>>;  // [order - 1][pair]

/// The only context of order 1 is the empty one, which is seen as often as there are tokens.
void add_empty_context(JointHistogram& contexts, const JointHistogram& unigrams) {
  Count a = 0, b = 0;
  unigrams.each([&](Count seen_a, Count seen_b, Count types) {
    a += seen_a * types;
    b += seen_b * types;
  });
  contexts.add(a, b, 1);
}

std::vector<std::vector<JointSpectrum>> spectra(const Histograms& histograms) {
  std::vector<std::vector<JointSpectrum>> all;
  for (const auto& of_order : histograms) {
    auto& of_pairs = all.emplace_back();
    for (const JointHistogram& histogram : of_order) of_pairs.push_back(histogram.spectrum());
  }
  return all;
}

}  // namespace

Tally::Tally(const Layout& the_layout, std::span<const Masks> masks, std::uint64_t entries,
             std::uint64_t* words)
    : layout(the_layout),
      pairs(static_cast<unsigned>(masks.size())),
      first{},
      second{},
      capacity(entries),
      memory(words) {
  if (masks.empty() || masks.size() > max_pairs)
    throw std::invalid_argument("a tally takes 1 to " + std::to_string(max_pairs) +
                                " pairs of masks, got " + std::to_string(masks.size()) +
                                ": divide them between several tallies");
  check_masks(layout, masks);
  for (unsigned pair = 0; pair < pairs; ++pair) {
    first[pair] = static_cast<std::uint8_t>(masks[pair].first);
    second[pair] = static_cast<std::uint8_t>(masks[pair].second);
  }
}

std::uint64_t tally_capacity(const Layout& layout, std::span<const Masks> masks,
                             std::uint64_t windows) {
  std::uint64_t entries = 0;
  for (const Masks& pair : masks) {
    // A type that is listed directly has at least as many windows as the table has counts; a
    // corrected context is listed twice.
    const std::uint64_t large = windows / (pair.second == 0 ? Tally::cells : Tally::side);
    const std::uint64_t ngrams = large + std::min(windows, Tally::cells);
    const std::uint64_t contexts = 2 * large + std::min(2 * windows, Tally::cells);
    entries += layout.max_order * (ngrams + contexts);
  }
  return entries;
}

JointSpectra to_joint_spectra(const Tally& tally, std::uint64_t listed,
                              std::span<const Tally::Entry> list) {
  if (listed > tally.capacity || listed > list.size())
    throw std::runtime_error("the list of counts must have at most " +
                             std::to_string(std::min<std::uint64_t>(tally.capacity, list.size())) +
                             " entries, got " + std::to_string(listed) +
                             ": use the tally_capacity of the number of windows added");
  const unsigned orders = tally.layout.max_order;
  std::vector<JointHistogram> empty;
  for (unsigned pair = 0; pair < tally.pairs; ++pair)
    empty.emplace_back(Masks{tally.first[pair], tally.second[pair]});
  Histograms of_kind[2] = {Histograms(orders, empty), Histograms(orders, empty)};
  for (const Tally::Entry& entry : list.first(listed)) {
    const auto [table, a, b, types] = entry;
    const std::uint64_t order = table / tally.pairs;
    of_kind[order / orders][order % orders][table % tally.pairs].add(a, b, types);
  }

  auto& [ngrams, contexts] = of_kind;
  for (unsigned pair = 0; pair < tally.pairs; ++pair) {
    for (unsigned order = 1; order < orders; ++order)
      contexts[order][pair].add(ngrams[order - 1][pair]);
    add_empty_context(contexts[0][pair], ngrams[0][pair]);
  }
  return {spectra(ngrams), spectra(contexts)};
}

}  // namespace collapse_stats::cuda
