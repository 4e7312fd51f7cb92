#include "scan.hpp"

#include <algorithm>
#include <bit>

namespace collapse_stats::cpu {

LeafScanner::LeafScanner(const RecordFormat& format, std::span<const Masks> masks)
    : layout_(format.layout),
      first_order_(layout_.max_order == 1 ? 1 : 2),
      marks_(format, first_order_),
      tally_(layout_, masks) {}

void LeafScanner::leaf(const Leaf& leaf) {
  switch (layout_.label_bits) {
    case 0: return scan<1>(leaf);
    case 1: return scan<2>(leaf);
    case 2: return scan<4>(leaf);
    default: return scan<8>(leaf);
  }
}

template <unsigned labels>
void LeafScanner::scan(const Leaf& leaf) {
  marks_.mark(leaf);
  tally_.windows<labels>(seen<labels>(leaf, 0, leaf.size));
  if (first_order_ == 2) scan_bigrams<labels>(leaf);
  for (unsigned order = first_order_ == 2 ? 3 : 1; order <= layout_.max_order; ++order) {
    scan_groups<labels>(order);
    if (!leaf.extras.empty()) add_extras<labels>(leaf, order);
  }
  if (marks_.any_cut())
    for (unsigned order = 2; order < layout_.max_order; ++order) scan_ends<labels>(leaf, order);
}

/// Scan orders 1 and 2, in one step per bigram.
template <unsigned labels>
void LeafScanner::scan_bigrams(const Leaf& leaf) {
  const std::uint64_t* const last = marks_.last(2);
  std::uint64_t* const cut = marks_.cut(2);
  const unsigned code_bits = layout_.code_bits;
  std::array<Key, 64> codes;
  std::size_t first = 0;
  LabelCounts<labels> before{};  // before `first`
  for (std::size_t word = 0; word < marks_.words(); ++word) {
    // First tokens are scattered over the vocabulary, so their counts are prefetched.
    unsigned number = 0;
    for (std::uint64_t ends = last[word]; ends != 0; ends &= ends - 1) {
      codes[number] = bigram(leaf, word * 64 + static_cast<std::size_t>(std::countr_zero(ends)));
      tally_.unigrams.prefetch(static_cast<std::uint64_t>(codes[number++] >> code_bits) - 1);
    }
    number = 0;
    for (std::uint64_t ends = last[word]; ends != 0; ends &= ends - 1, ++number) {
      const std::size_t end = word * 64 + static_cast<std::size_t>(std::countr_zero(ends)) + 1;
      const LabelCounts<labels> until = marks_.before<labels>(end);
      LabelCounts<labels> counts = Marks::between<labels>(before, until);
      before = until;
      if (!leaf.extras.empty()) add_extras_of<labels>(leaf, first, end, counts);
      const bool whole = (codes[number] & low_mask(code_bits)) != 0;
      tally_.unigrams.add(static_cast<std::uint64_t>(codes[number] >> code_bits) - 1, counts,
                          whole);
      if (whole)
        tally_.ngram<labels>(2, counts);
      else
        for (std::size_t i = first; i < end; ++i) cut[i / 64] |= std::uint64_t{1} << i % 64;
      first = end;
    }
  }
}

/// The two codes of a record's bigram.
inline Key LeafScanner::bigram(const Leaf& leaf, std::size_t place) const {
  const unsigned unknown = layout_.mix_bits - leaf.known_bits;
  if (layout_.mix_bits > 64 || unknown > leaf.high_size || unknown == 0)
    return layout_.unmix_top(leaf.key(place) >> layout_.rest_bits);
  const std::uint64_t mixed =
      static_cast<std::uint64_t>(leaf.known) << unknown | leaf.high[place] >> (64 - unknown);
  const std::uint64_t top =
      (mixed * static_cast<std::uint64_t>(mix_multiplier_inverse)) & low_bits(layout_.mix_bits);
  return top ^ top >> layout_.mix_shift();
}

/// Count the groups of an order whose windows are long enough, without extras.
template <unsigned labels>
void LeafScanner::scan_groups(unsigned order) {
  const std::uint64_t* const last = marks_.last(order);
  const std::uint64_t* const cut = marks_.cut(order);
  std::uint64_t first_begins = 1;  // whether the word's first record begins a group
  std::size_t first = 0;
  for (std::size_t word = 0; word < marks_.words(); ++word) {
    const std::uint64_t ends = last[word];
    const std::uint64_t begins = ends << 1 | first_begins;
    const std::uint64_t whole = ~cut[word] & marks_.valid(word);
    first_begins = ends >> 63;

    const std::uint64_t single = ends & begins & whole;
    Count unlabelled = static_cast<Count>(std::popcount(single));
    if constexpr (labels > 1)
      for (unsigned label = 1; label < labels; ++label) {
        const auto number =
            static_cast<Count>(std::popcount(single & marks_.labelled<labels>(word, label)));
        tally_.singles(order, label, number);
        unlabelled -= number;
      }
    tally_.singles(order, 0, unlabelled);

    // The remaining bits are alternately the begin and the end of a group of several records.
    for (std::uint64_t edges = (ends ^ begins) & whole; edges != 0; edges &= edges - 1) {
      const auto bit = static_cast<unsigned>(std::countr_zero(edges));
      const std::size_t place = word * 64 + bit;
      if ((ends >> bit & 1) == 0)
        first = place;
      else
        tally_.ngram<labels>(order, marks_.records<labels>(first, place + 1));
    }
  }
}

/// Correct the contexts of order + 1 where a document ends after the n-gram, which was then a
/// context less often than it was seen.
template <unsigned labels>
void LeafScanner::scan_ends(const Leaf& leaf, unsigned order) {
  const std::uint64_t* const last = marks_.last(order);
  const std::uint64_t* const last_longer = marks_.last(order + 1);
  const std::uint64_t* const cut = marks_.cut(order);
  const std::uint64_t* const cut_longer = marks_.cut(order + 1);
  std::uint64_t first_begins = 1;
  for (std::size_t word = 0; word < marks_.words(); ++word) {
    const std::uint64_t begins = last[word] << 1 | first_begins;
    first_begins = last[word] >> 63;
    std::uint64_t ended = last_longer[word] & cut_longer[word] & ~cut[word];
    if (ended == 0) continue;

    if (leaf.extras.empty()) {
      const std::uint64_t single = ended & last[word] & begins;
      ended ^= single;
      auto unlabelled = static_cast<Count>(std::popcount(single));
      for (unsigned label = 1; label < labels; ++label) {
        const auto number =
            static_cast<Count>(std::popcount(single & marks_.labelled<labels>(word, label)));
        tally_.ended_singles(order, label, number);
        unlabelled -= number;
      }
      tally_.ended_singles(order, 0, unlabelled);
    }
    for (; ended != 0; ended &= ended - 1) {
      const std::size_t place = word * 64 + static_cast<std::size_t>(std::countr_zero(ended));
      const std::size_t first = marks_.begin_of_group(last_longer, place);
      const std::size_t end = marks_.end_of_group(last, place);
      tally_.ended<labels>(order, seen<labels>(leaf, first, end),
                           seen<labels>(leaf, first, place + 1));
    }
  }
}

/// Replace the counts of groups with extras by their true counts.
template <unsigned labels>
void LeafScanner::add_extras(const Leaf& leaf, unsigned order) {
  const std::uint64_t* const last = marks_.last(order);
  const std::uint64_t* const cut = marks_.cut(order);
  for (auto extra = leaf.extras.begin(); extra != leaf.extras.end();) {
    const std::size_t first = marks_.begin_of_group(last, extra->place);
    const std::size_t end = marks_.end_of_group(last, extra->place);
    const bool whole = (cut[first / 64] >> first % 64 & 1) == 0;
    const LabelCounts<labels> without = marks_.records<labels>(first, end);
    LabelCounts<labels> with = without;
    for (; extra != leaf.extras.end() && extra->place < end; ++extra)
      with[extra->label] += extra->number;
    if (!whole) continue;
    tally_.ngram<labels>(order, without, Count{0} - 1);
    tally_.ngram<labels>(order, with);
  }
}

/// How often the records `first <= i < end` were seen, by label.
template <unsigned labels>
LabelCounts<labels> LeafScanner::seen(const Leaf& leaf, std::size_t first, std::size_t end) const {
  LabelCounts<labels> counts = marks_.records<labels>(first, end);
  if (!leaf.extras.empty()) add_extras_of<labels>(leaf, first, end, counts);
  return counts;
}

/// Add the extras of the records `first <= i < end`.
template <unsigned labels>
void LeafScanner::add_extras_of(const Leaf& leaf, std::size_t first, std::size_t end,
                                LabelCounts<labels>& counts) const {
  const auto before = [](const Extra& extra, std::size_t place) { return extra.place < place; };
  for (auto extra = std::lower_bound(leaf.extras.begin(), leaf.extras.end(), first, before);
       extra != leaf.extras.end() && extra->place < end; ++extra)
    counts[extra->label] += extra->number;
}

}  // namespace collapse_stats::cpu
