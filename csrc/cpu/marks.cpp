#include "marks.hpp"

#include <algorithm>

#include "mark.hpp"

namespace collapse_stats::cpu {
namespace {

/// Bits `first <= i < last` of the unknown bits of a leaf's records, counted from the top.
BitTest bits_between(const Leaf& leaf, unsigned first, unsigned last) {
  const auto upto = [&](unsigned bits) {
    const unsigned high = std::min(bits, leaf.high_size);
    return BitTest{high_bits(high), high_bits(std::min(bits - high, 64U))};
  };
  const BitTest outer = upto(last);
  const BitTest inner = upto(first);
  return {outer.high & ~inner.high, outer.low & ~inner.low};
}

}  // namespace

Marks::Marks(const RecordFormat& format, unsigned first_order)
    : first_order_(first_order),
      max_order_(format.layout.max_order),
      code_bits_(format.layout.code_bits),
      labels_(1U << format.layout.label_bits),
      label_bits_(format.layout.label_bits) {}

void Marks::mark(const Leaf& leaf) {
  begin(leaf);
  for (unsigned order = first_order_; order <= max_order_; ++order) mark_last(leaf, order);

  any_cut_ = false;
  for (unsigned order = max_order_; order >= first_order_; --order) {
    std::uint64_t* const marks = cut(order);
    if (order < 3 || (order < max_order_ && !any_cut_)) {
      std::fill_n(marks, words_, 0);
      continue;
    }
    const unsigned end = order * code_bits_ - leaf.known_bits;
    mark_kernels().nonzero(leaf.high, leaf.low, words_, bits_between(leaf, end - code_bits_, end),
                           marks);
    for (std::size_t word = 0; word < words_; ++word) {
      marks[word] = ~marks[word] & valid(word);
      any_cut_ |= marks[word] != 0;
    }
  }
  if (labels_ > 1) mark_labels(leaf);
}

std::size_t Marks::count_rows(const Leaf& leaf) {
  begin(leaf);
  mark_last(leaf, max_order_);
  const std::uint64_t* const marks = last(max_order_);
  std::size_t rows = 0;
  for (std::size_t word = 0; word < words_; ++word)
    rows += static_cast<std::size_t>(std::popcount(marks[word]));
  return rows;
}

void Marks::begin(const Leaf& leaf) {
  size_ = leaf.size;
  words_ = (size_ + 63) / 64;
  if (const std::size_t needed = (2 * orders() + label_bits_) * words_; planes_.size() < needed)
    planes_.resize(2 * needed);
}

void Marks::mark_last(const Leaf& leaf, unsigned order) {
  const std::uint64_t final_valid = valid(words_ - 1);
  const std::uint64_t final_record = final_valid ^ final_valid >> 1;
  std::uint64_t* const marks = plane(order - first_order_);
  mark_kernels().changes(leaf.high, leaf.low, words_,
                         bits_between(leaf, 0, order * code_bits_ - leaf.known_bits), marks);
  marks[words_ - 1] = (marks[words_ - 1] & final_valid) | final_record;
}

void Marks::mark_labels(const Leaf& leaf) {
  for (unsigned bit = 0; bit < label_bits_; ++bit) {
    const unsigned end = leaf.unknown_bits() - bit;
    mark_kernels().nonzero(leaf.high, leaf.low, words_, bits_between(leaf, end - 1, end),
                           plane(2 * orders() + bit));
  }
  const unsigned stride = labels_ - 1;
  label_words_.resize((words_ + 1) * stride);
  for (unsigned label = 1; label < labels_; ++label) {
    Count before = 0;
    for (std::size_t word = 0; word < words_; ++word) {
      std::uint64_t bits = valid(word);
      for (unsigned bit = 0; bit < label_bits_; ++bit) {
        const std::uint64_t set = plane(2 * orders() + bit)[word];
        bits &= (label >> bit & 1) != 0 ? set : ~set;
      }
      label_words_[word * stride + label - 1] = {bits, before};
      before += static_cast<Count>(std::popcount(bits));
    }
    label_words_[words_ * stride + label - 1] = {0, before};
  }
}

std::size_t Marks::begin_of_group(const std::uint64_t* last, std::size_t place) const {
  std::size_t word = place / 64;
  std::uint64_t before = last[word] & low_bits(place % 64);
  while (before == 0) {
    if (word == 0) return 0;
    before = last[--word];
  }
  return word * 64 + static_cast<std::size_t>(std::bit_width(before));
}

std::size_t Marks::end_of_group(const std::uint64_t* last, std::size_t place) const {
  std::size_t word = place / 64;
  std::uint64_t from = last[word] & ~low_bits(place % 64);
  while (from == 0) from = last[++word];  // terminates, as the last record ends a group
  return word * 64 + static_cast<std::size_t>(std::countr_zero(from)) + 1;
}

}  // namespace collapse_stats::cpu
