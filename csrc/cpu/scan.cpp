#include "scan.hpp"

#include <algorithm>
#include <bit>

namespace collapse_stats::cpu {
namespace {

void add_to(LabelCounts<max_labels>& counts, std::span<const Count> other) {
  for (std::size_t label = 0; label < other.size(); ++label) counts[label] += other[label];
}

}  // namespace

LeafScanner::LeafScanner(const RecordFormat& format, std::span<const Masks> masks)
    : layout_(format.layout),
      first_order_(layout_.max_order == 1 ? 1 : 2),
      masks_(masks.begin(), masks.end()),
      basis_(basis_of(layout_, masks)),
      marks_(format, first_order_),
      orders_(layout_.max_order + 1, Order{Histograms(basis_.begin(), basis_.end()),
                                           Histograms(basis_.begin(), basis_.end())}),
      unigrams_(layout_.max_order == 1 ? 0 : layout_.vocab_size, layout_.labels) {
  check_masks(layout_, masks);
}

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
  add_to(total_, seen<labels>(leaf, 0, leaf.size));
  if (first_order_ == 2) scan_bigrams<labels>(leaf);
  for (unsigned order = first_order_ == 2 ? 3 : 1; order <= layout_.max_order; ++order) {
    scan_runs<labels>(order);
    if (!leaf.extras.empty()) add_extras<labels>(leaf, order);
  }
  if (marks_.any_cut())
    for (unsigned order = 2; order < layout_.max_order; ++order) scan_ends<labels>(leaf, order);
}

/// Orders 1 and 2: a step for every bigram.
template <unsigned labels>
void LeafScanner::scan_bigrams(const Leaf& leaf) {
  const std::uint64_t* const last = marks_.last(2);
  std::uint64_t* const cut = marks_.cut(2);
  const unsigned code_bits = layout_.code_bits;
  std::array<Key, 64> codes;
  std::size_t first = 0;
  LabelCounts<labels> before{};  // that place
  for (std::size_t word = 0; word < marks_.words(); ++word) {
    // First tokens are anywhere in the vocabulary: their counts are fetched ahead.
    unsigned number = 0;
    for (std::uint64_t ends = last[word]; ends != 0; ends &= ends - 1) {
      codes[number] = bigram(leaf, word * 64 + static_cast<std::size_t>(std::countr_zero(ends)));
      unigrams_.prefetch(static_cast<std::uint64_t>(codes[number++] >> code_bits) - 1);
    }
    number = 0;
    for (std::uint64_t ends = last[word]; ends != 0; ends &= ends - 1, ++number) {
      const std::size_t end = word * 64 + static_cast<std::size_t>(std::countr_zero(ends)) + 1;
      const LabelCounts<labels> until = marks_.before<labels>(end);
      LabelCounts<labels> counts = Marks::between<labels>(before, until);
      before = until;
      if (!leaf.extras.empty()) add_extras_of<labels>(leaf, first, end, counts);
      const bool whole = (codes[number] & low_mask(code_bits)) != 0;
      unigrams_.add(static_cast<std::uint64_t>(codes[number] >> code_bits) - 1, counts, whole);
      if (whole)
        tally<labels>(orders_[2].ngrams, counts, 1);
      else
        for (std::size_t i = first; i < end; ++i) cut[i / 64] |= std::uint64_t{1} << i % 64;
      first = end;
    }
  }
}

/// The codes of a record's bigram.
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

/// Counts the runs of an order whose windows are long enough, extras left out.
template <unsigned labels>
void LeafScanner::scan_runs(unsigned order) {
  const std::uint64_t* const last = marks_.last(order);
  const std::uint64_t* const cut = marks_.cut(order);
  Order& out = orders_[order];
  JointHistogram& only = out.ngrams.front();  // with one label
  std::uint64_t first_begins = 1;             // the run before this word has ended
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
        out.singles[label] += number;
        unlabelled -= number;
      }
    out.singles[0] += unlabelled;

    // What is left is begin and end of a longer run, in turn.
    for (std::uint64_t edges = (ends ^ begins) & whole; edges != 0; edges &= edges - 1) {
      const auto bit = static_cast<unsigned>(std::countr_zero(edges));
      const std::size_t place = word * 64 + bit;
      if ((ends >> bit & 1) == 0)
        first = place;
      else if constexpr (labels > 1)
        tally<labels>(out.ngrams, marks_.records<labels>(first, place + 1), 1);
      else
        only.add(place + 1 - first, 0, 1);
    }
  }
}

/// Contexts of order + 1 where a document ends behind the n-gram: it was seen as such less often.
template <unsigned labels>
void LeafScanner::scan_ends(const Leaf& leaf, unsigned order) {
  const std::uint64_t* const last = marks_.last(order);
  const std::uint64_t* const last_longer = marks_.last(order + 1);
  const std::uint64_t* const cut = marks_.cut(order);
  const std::uint64_t* const cut_longer = marks_.cut(order + 1);
  Order& out = orders_[order];
  std::uint64_t first_begins = 1;
  for (std::size_t word = 0; word < marks_.words(); ++word) {
    const std::uint64_t begins = last[word] << 1 | first_begins;
    first_begins = last[word] >> 63;
    std::uint64_t ended = last_longer[word] & cut_longer[word] & ~cut[word];
    if (ended == 0) continue;

    if (leaf.extras.empty()) {
      const std::uint64_t single = ended & last[word] & begins;
      ended ^= single;
      out.singles_ended[0] += static_cast<Count>(std::popcount(single));
      for (unsigned label = 1; label < labels; ++label) {
        const auto number =
            static_cast<Count>(std::popcount(single & marks_.labelled<labels>(word, label)));
        out.singles_ended[label] += number;
        out.singles_ended[0] -= number;
      }
    }
    for (; ended != 0; ended &= ended - 1) {
      const std::size_t place = word * 64 + static_cast<std::size_t>(std::countr_zero(ended));
      const std::size_t first = marks_.begin_of_run(last_longer, place);
      const std::size_t end = marks_.end_of_run(last, place);
      tally<labels>(out.contexts, seen<labels>(leaf, first, end), Count{0} - 1);
      tally<labels>(out.contexts, seen<labels>(leaf, place + 1, end), 1);
    }
  }
}

/// Takes the runs with extras away as they were counted, and adds them as they are.
template <unsigned labels>
void LeafScanner::add_extras(const Leaf& leaf, unsigned order) {
  const std::uint64_t* const last = marks_.last(order);
  const std::uint64_t* const cut = marks_.cut(order);
  for (auto extra = leaf.extras.begin(); extra != leaf.extras.end();) {
    const std::size_t first = marks_.begin_of_run(last, extra->place);
    const std::size_t end = marks_.end_of_run(last, extra->place);
    const bool whole = (cut[first / 64] >> first % 64 & 1) == 0;
    const LabelCounts<labels> without = marks_.records<labels>(first, end);
    LabelCounts<labels> with = without;
    for (; extra != leaf.extras.end() && extra->place < end; ++extra)
      with[extra->label] += extra->number;
    if (!whole) continue;
    tally<labels>(orders_[order].ngrams, without, Count{0} - 1);
    tally<labels>(orders_[order].ngrams, with, 1);
  }
}

/// How often the records `first <= i < end` were seen.
template <unsigned labels>
LabelCounts<labels> LeafScanner::seen(const Leaf& leaf, std::size_t first, std::size_t end) const {
  LabelCounts<labels> counts = marks_.records<labels>(first, end);
  if (!leaf.extras.empty()) add_extras_of<labels>(leaf, first, end, counts);
  return counts;
}

/// Adds the extras of the records `first <= i < end`.
template <unsigned labels>
void LeafScanner::add_extras_of(const Leaf& leaf, std::size_t first, std::size_t end,
                                LabelCounts<labels>& counts) const {
  const auto before = [](const Extra& extra, std::size_t place) { return extra.place < place; };
  for (auto extra = std::lower_bound(leaf.extras.begin(), leaf.extras.end(), first, before);
       extra != leaf.extras.end() && extra->place < end; ++extra)
    counts[extra->label] += extra->number;
}

template <unsigned labels>
void LeafScanner::tally(Histograms& histograms, const LabelCounts<labels>& counts,
                        Count types) const {
  add_under<labels>(histograms, basis_, counts, types);
}

bool LeafScanner::counts(std::span<const Masks> masks) const {
  return std::ranges::equal(masks, masks_);
}

void LeafScanner::add(const LeafScanner& other) {
  add_to(total_, other.total_);
  for (unsigned order = 1; order <= layout_.max_order; ++order) {
    Order& mine = orders_[order];
    const Order& theirs = other.orders_[order];
    for (std::size_t pair = 0; pair < basis_.size(); ++pair) {
      mine.ngrams[pair].add(theirs.ngrams[pair]);
      mine.contexts[pair].add(theirs.contexts[pair]);
    }
    add_to(mine.singles, theirs.singles);
    add_to(mine.singles_ended, theirs.singles_ended);
  }
  unigrams_.add(other.unigrams_);
}

/// What was counted in the basis, under the masks that were asked for.
JointHistogram LeafScanner::under(const Masks& masks, std::size_t pair,
                                  const Histograms& histograms,
                                  const LabelCounts<max_labels>& singles, Count types) const {
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

Tables LeafScanner::tables() const {
  Tables tables;
  for (unsigned order = 1; order <= layout_.max_order; ++order) {
    tables.ngrams.emplace_back();
    tables.contexts.emplace_back();
    for (std::size_t pair = 0; pair < masks_.size(); ++pair) {
      const Masks& masks = masks_[pair];
      const auto add_to = [&](JointHistogram& histogram, const Count* counts) {
        const std::span labelled(counts, layout_.labels);
        histogram.add(sum_under(masks.first, labelled.data()),
                      sum_under(masks.second, labelled.data()), 1);
      };
      const auto ngrams = [&](unsigned n) {
        return under(masks, pair, orders_[n].ngrams, orders_[n].singles, 1);
      };
      JointHistogram seen = ngrams(order);
      if (order == 1)
        unigrams_.each([&](const Count* counts, const Count*) { add_to(seen, counts); });
      tables.ngrams.back().push_back(seen.spectrum());

      JointHistogram contexts(masks);
      if (order == 1) add_to(contexts, total_.data());
      if (order == 2)
        unigrams_.each([&](const Count*, const Count* continued) { add_to(contexts, continued); });
      if (order > 2) {
        contexts = ngrams(order - 1);
        const Order& shorter = orders_[order - 1];
        contexts.add(under(masks, pair, shorter.contexts, shorter.singles_ended, Count{0} - 1));
      }
      tables.contexts.back().push_back(contexts.spectrum());
    }
  }
  return tables;
}

}  // namespace collapse_stats::cpu
