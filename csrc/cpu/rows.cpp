#include "rows.hpp"

#include <algorithm>
#include <bit>

namespace collapse_stats::cpu {

void RowEmitter::leaf(const Leaf& leaf) {
  switch (leaf.format->layout.label_bits) {
    case 0: return emit<1>(leaf);
    case 1: return emit<2>(leaf);
    case 2: return emit<4>(leaf);
    default: return emit<8>(leaf);
  }
}

template <unsigned labels>
void RowEmitter::emit(const Leaf& leaf) {
  marks_.mark(leaf);
  find_rows(leaf);
  write_keys(leaf);
  write_counts<labels>(leaf);

  const Layout& layout = leaf.format->layout;
  std::array<const std::uint64_t*, 2 + max_labels> columns;
  std::size_t used = 0;
  if (layout.words == 2) columns[used++] = high_.data();
  columns[used++] = low_.data();
  for (unsigned label = 0; label < layout.labels; ++label) columns[used++] = counts_[label].data();
  rows_->append({columns.data(), used}, number_);
}

void RowEmitter::find_rows(const Leaf& leaf) {
  const std::uint64_t* const last = marks_.last(leaf.format->layout.max_order);
  std::size_t* const ends = ends_.reserve(leaf.size);
  number_ = 0;
  for (std::size_t word = 0; word < marks_.words(); ++word)
    for (std::uint64_t bits = last[word]; bits != 0; bits &= bits - 1)
      ends[number_++] = word * 64 + static_cast<std::size_t>(std::countr_zero(bits)) + 1;
}

void RowEmitter::write_keys(const Leaf& leaf) {
  const std::size_t* const ends = ends_.data();
  std::uint64_t* const high = high_.reserve(number_);
  std::uint64_t* const low = low_.reserve(number_);
  const unsigned below = leaf.format->layout.key_bits - leaf.known_bits;
  if (leaf.low != nullptr || below == 0) {
    for (std::size_t row = 0; row < number_; ++row) {
      const Key key = leaf.key(ends[row] - 1);
      high[row] = static_cast<std::uint64_t>(key >> 64);
      low[row] = static_cast<std::uint64_t>(key);
    }
    return;
  }
  const Key known = leaf.known << below;  // what is below it fits one word
  std::fill_n(high, number_, static_cast<std::uint64_t>(known >> 64));
  for (std::size_t row = 0; row < number_; ++row)
    low[row] = static_cast<std::uint64_t>(known) | leaf.high[ends[row] - 1] >> (64 - below);
}

template <unsigned labels>
void RowEmitter::write_counts(const Leaf& leaf) {
  const std::size_t* const ends = ends_.data();
  std::array<Count*, labels> counts;
  for (unsigned label = 0; label < labels; ++label) counts[label] = counts_[label].reserve(number_);
  std::size_t first = 0;
  for (std::size_t row = 0; row < number_; ++row) {
    const LabelCounts<labels> seen = marks_.records<labels>(first, ends[row]);
    for (unsigned label = 0; label < labels; ++label) counts[label][row] = seen[label];
    first = ends[row];
  }
  for (const Extra& extra : leaf.extras) {
    const auto row = std::upper_bound(ends, ends + number_, extra.place) - ends;
    counts[extra.label][row] += extra.number;
  }
}

}  // namespace collapse_stats::cpu
