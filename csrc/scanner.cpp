#include "scanner.hpp"

#include <algorithm>
#include <bit>

#include "cpu/mark.hpp"

namespace collapse_stats {
namespace {

constexpr std::uint64_t seen_more = std::uint64_t{1} << 63;

/// Key bits in the form that the mark kernels expect, with one word or two.
cpu::BitTest bits_of(const Layout& layout, Key bits) {
  const auto low = static_cast<std::uint64_t>(bits);
  return layout.words == 1 ? cpu::BitTest{low, 0}
                           : cpu::BitTest{static_cast<std::uint64_t>(bits >> 64), low};
}

}  // namespace

Scanner::Scanner(const Layout& layout, std::span<const Masks> masks)
    : layout_(layout),
      first_order_(layout.max_order == 1 ? 1 : 2),
      tally_(layout, masks),
      groups_(layout.max_order + 1),
      high_(layout.words == 2 ? block_rows + 65 : 0),
      low_(block_rows + 65),
      sums_((block_rows + 1) << layout.label_bits),
      tags_(block_rows + 64),
      zeros_(block_rows),
      begins_((layout.max_order + 1) * (block_words + 1)),
      whole_((layout.max_order + 1) * block_words),
      once_(block_words << layout.label_bits),
      more_(block_words) {}

void Scanner::rows(const Rows& rows) {
  switch (layout_.label_bits) {
    case 0: return scan<1>(rows);
    case 1: return scan<2>(rows);
    case 2: return scan<4>(rows);
    default: return scan<8>(rows);
  }
}

void Scanner::end_key_range() {
  switch (layout_.label_bits) {
    case 0: return close_all<1>();
    case 1: return close_all<2>();
    case 2: return close_all<4>();
    default: return close_all<8>();
  }
}

template <unsigned labels>
void Scanner::scan(const Rows& rows) {
  for (std::size_t first = 0; first < rows.size; first += block_rows) {
    size_ = std::min(block_rows, rows.size - first);
    words_ = (size_ + 63) / 64;
    load<labels>(rows, first);
    mark_groups();
    mark_lengths();
    mark_once(labels);
    if (first_order_ == 2) scan_bigrams<labels>();
    for (unsigned order = first_order_ == 2 ? 3 : 1; order <= layout_.max_order; ++order)
      scan_groups<labels>(order);

    LabelCounts<labels> windows = before<labels>(size_);
    for (unsigned label = 0; label < labels; ++label) windows[label] -= sums_[label];
    tally_.windows<labels>(windows);
    std::copy_n(sums_.data() + size_ * labels, labels, sums_.data());
    if (layout_.words == 2) high_[0] = high_[size_];
    low_[0] = low_[size_];
    began_ = true;
  }
}

/// Copy a block into memory that may be read beyond the block's end.
template <unsigned labels>
void Scanner::load(const Rows& rows, std::size_t first) {
  if (layout_.words == 2) std::copy_n(rows.high + first, size_, high_.data() + 1);
  std::copy_n(rows.low + first, size_, low_.data() + 1);

  std::array<const Count*, labels> counts;
  for (unsigned label = 0; label < labels; ++label)
    counts[label] = label < layout_.labels ? rows.counts[label] + first : zeros_.data();
  LabelCounts<labels> sum = before<labels>(0);
  Count* out = sums_.data() + labels;
  for (std::size_t row = 0; row < size_; ++row, out += labels) {
    Count seen = 0;
    std::uint64_t odd = 0;
    for (unsigned label = 0; label < labels; ++label) {
      const Count count = counts[label][row];
      seen += count;
      odd |= (count & 1) << label;
      out[label] = sum[label] += count;
    }
    tags_[row] = odd | (seen == 1 ? 0 : seen_more);
  }
}

void Scanner::mark_groups() {
  const cpu::MarkKernels& kernels = cpu::mark_kernels();
  for (unsigned order = first_order_; order <= layout_.max_order; ++order) {
    const Key below = low_mask(layout_.key_bits - order * layout_.code_bits);
    const Key prefix = low_mask(layout_.key_bits) & ~below;
    std::uint64_t* const begins = begins_.data() + order * (block_words + 1);
    if (layout_.words == 2)
      kernels.changes(high_.data(), low_.data(), words_, bits_of(layout_, prefix), begins);
    else
      kernels.changes(low_.data(), nullptr, words_, bits_of(layout_, prefix), begins);
    begins[0] |= began_ ? 0 : 1;
    begins[words_ - 1] &= valid(words_ - 1);
    begins[words_] = 0;  // it is not yet known whether the last row ends its group
  }
}

void Scanner::mark_lengths() {
  const cpu::MarkKernels& kernels = cpu::mark_kernels();
  bool any_cut = false;
  for (unsigned order = layout_.max_order; order >= first_order_; --order) {
    std::uint64_t* const whole = whole_.data() + order * block_words;
    for (std::size_t word = 0; word < words_; ++word) whole[word] = valid(word);
    if (order < 3 || (order < layout_.max_order && !any_cut)) continue;
    const Key code = low_mask(layout_.code_bits) << (layout_.max_order - order) * layout_.code_bits;
    if (layout_.words == 2)
      kernels.nonzero(high_.data() + 1, low_.data() + 1, words_, bits_of(layout_, code), whole);
    else
      kernels.nonzero(low_.data() + 1, nullptr, words_, bits_of(layout_, code), whole);
    for (std::size_t word = 0; word < words_; ++word) {
      whole[word] &= valid(word);
      any_cut |= whole[word] != valid(word);
    }
  }
}

void Scanner::mark_once(unsigned labels) {
  const cpu::MarkKernels& kernels = cpu::mark_kernels();
  kernels.nonzero(tags_.data(), nullptr, words_, {seen_more, 0}, more_.data());
  for (std::size_t word = 0; word < words_; ++word) once_[word] = ~more_[word] & valid(word);
  for (unsigned label = 1; label < labels; ++label) {
    std::uint64_t* const once = once_.data() + label * block_words;
    kernels.nonzero(tags_.data(), nullptr, words_, {std::uint64_t{1} << label, 0}, once);
    for (std::size_t word = 0; word < words_; ++word) {
      once[word] &= ~more_[word] & valid(word);
      once_[word] &= ~once[word];
    }
  }
}

/// Scan orders 1 and 2, in one step per bigram.
template <unsigned labels>
void Scanner::scan_bigrams() {
  const std::uint64_t* const begins = begins_.data() + 2 * (block_words + 1);
  const std::uint64_t* const third = whole_.data() + 3 * block_words;
  Group& open = groups_[2];
  std::array<Key, 64> codes;
  for (std::size_t word = 0; word < words_; ++word) {
    // First tokens are scattered over the vocabulary, so their counts are prefetched.
    unsigned number = 0;
    for (std::uint64_t bits = begins[word]; bits != 0; bits &= bits - 1) {
      codes[number] = bigram(word * 64 + static_cast<std::size_t>(std::countr_zero(bits)));
      tally_.unigrams.prefetch(static_cast<std::uint64_t>(codes[number++] >> layout_.code_bits) -
                               1);
    }
    number = 0;
    for (std::uint64_t bits = begins[word]; bits != 0; bits &= bits - 1) {
      const auto bit = static_cast<unsigned>(std::countr_zero(bits));
      const LabelCounts<labels> until = before<labels>(word * 64 + bit);
      if (open.open) close_bigram<labels>(until);
      open.open = true;
      open.codes = codes[number++];
      std::copy_n(until.data(), labels, open.before.data());
      open.has_ended = layout_.max_order > 2 && (third[word] >> bit & 1) == 0;
      if (open.has_ended)
        std::copy_n(of_row<labels>(word * 64 + bit).data(), labels, open.ended.data());
    }
  }
}

template <unsigned labels>
inline void Scanner::close_bigram(const LabelCounts<labels>& until) {
  const Group& group = groups_[2];
  LabelCounts<labels> counts;
  for (unsigned label = 0; label < labels; ++label)
    counts[label] = until[label] - group.before[label];
  const bool whole = (group.codes & low_mask(layout_.code_bits)) != 0;
  tally_.unigrams.add(static_cast<std::uint64_t>(group.codes >> layout_.code_bits) - 1, counts,
                      whole);
  if (!whole) return;
  tally_.ngram<labels>(2, counts);
  if (!group.has_ended) return;
  LabelCounts<labels> ended;
  std::copy_n(group.ended.data(), labels, ended.data());
  tally_.ended<labels>(2, counts, ended);
}

/// Scan the groups of an order whose windows are long enough.
template <unsigned labels>
void Scanner::scan_groups(unsigned order) {
  const std::uint64_t* const begins = begins_.data() + order * (block_words + 1);
  const std::uint64_t* const whole = whole_.data() + order * block_words;
  const std::uint64_t* const longer = order < layout_.max_order ? whole + block_words : whole;
  Group& group = groups_[order];
  if (group.open && (begins[0] & 1) != 0) close_group<labels>(order, before<labels>(0));

  for (std::size_t word = 0; word < words_; ++word) {
    const std::uint64_t begin = begins[word];
    const std::uint64_t end = begin >> 1 | begins[word + 1] << 63;
    const std::uint64_t ended = whole[word] & ~longer[word];
    const std::uint64_t single = begin & end & whole[word];
    for (unsigned label = 0; label < labels; ++label) {
      const std::uint64_t once = single & once_[label * block_words + word];
      tally_.singles(order, label, static_cast<Count>(std::popcount(once)));
      if (ended != 0)
        tally_.ended_singles(order, label, static_cast<Count>(std::popcount(once & ended)));
    }
    for (std::uint64_t bits = single & more_[word]; bits != 0; bits &= bits - 1) {
      const auto bit = static_cast<unsigned>(std::countr_zero(bits));
      const LabelCounts<labels> counts = of_row<labels>(word * 64 + bit);
      tally_.ngram<labels>(order, counts);
      if ((ended >> bit & 1) != 0) tally_.ended<labels>(order, counts, counts);
    }
    // The remaining bits are alternately the begin and the end of a group of several rows.
    for (std::uint64_t edges = (begin ^ end) & whole[word]; edges != 0; edges &= edges - 1) {
      const auto bit = static_cast<unsigned>(std::countr_zero(edges));
      const std::size_t row = word * 64 + bit;
      if ((end >> bit & 1) != 0) {
        close_group<labels>(order, before<labels>(row + 1));
        continue;
      }
      group.open = true;
      std::copy_n(before<labels>(row).data(), labels, group.before.data());
      group.has_ended = (ended >> bit & 1) != 0;
      if (group.has_ended) std::copy_n(of_row<labels>(row).data(), labels, group.ended.data());
    }
  }
}

template <unsigned labels>
inline void Scanner::close_group(unsigned order, const LabelCounts<labels>& until) {
  Group& group = groups_[order];
  LabelCounts<labels> counts;
  for (unsigned label = 0; label < labels; ++label)
    counts[label] = until[label] - group.before[label];
  tally_.ngram<labels>(order, counts);
  group.open = false;
  if (!group.has_ended) return;
  LabelCounts<labels> ended;
  std::copy_n(group.ended.data(), labels, ended.data());
  tally_.ended<labels>(order, counts, ended);
}

template <unsigned labels>
void Scanner::close_all() {
  const LabelCounts<labels> until = before<labels>(0);
  if (first_order_ == 2 && groups_[2].open) close_bigram<labels>(until);
  groups_[first_order_ == 2 ? 2 : 0].open = false;
  for (unsigned order = first_order_ == 2 ? 3 : 1; order <= layout_.max_order; ++order)
    if (groups_[order].open) close_group<labels>(order, until);
  began_ = false;
}

/// Windows before a row of the block.
template <unsigned labels>
inline LabelCounts<labels> Scanner::before(std::size_t row) const {
  LabelCounts<labels> counts;
  std::copy_n(sums_.data() + row * labels, labels, counts.data());
  return counts;
}

template <unsigned labels>
inline LabelCounts<labels> Scanner::of_row(std::size_t row) const {
  LabelCounts<labels> counts = before<labels>(row + 1);
  for (unsigned label = 0; label < labels; ++label) counts[label] -= sums_[row * labels + label];
  return counts;
}

/// The two codes of a row's bigram.
inline Key Scanner::bigram(std::size_t row) const {
  Key mixed = low_[row + 1];
  if (layout_.words == 2) mixed |= Key{high_[row + 1]} << 64;
  mixed >>= layout_.rest_bits;
  if (layout_.mix_bits > 64) return layout_.unmix_top(mixed);
  const std::uint64_t top =
      (static_cast<std::uint64_t>(mixed) * static_cast<std::uint64_t>(mix_multiplier_inverse)) &
      static_cast<std::uint64_t>(low_mask(layout_.mix_bits));
  return top ^ top >> layout_.mix_shift();
}

/// The bits of a word that stand for rows.
inline std::uint64_t Scanner::valid(std::size_t word) const {
  return word + 1 < words_ ? ~std::uint64_t{0} : ~std::uint64_t{0} >> (63 - ((size_ - 1) & 63));
}

}  // namespace collapse_stats
