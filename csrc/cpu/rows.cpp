#include "rows.hpp"

#include <algorithm>
#include <bit>
#include <vector>

#include "parallel.hpp"

namespace collapse_stats::cpu {

void RowEmitter::write_to(NgramTable& table, std::size_t at) {
  for (unsigned word = 0; word < table.layout.words; ++word)
    keys_[word] = table.keys.get() + word * table.rows + at;
  for (unsigned label = 0; label < table.layout.labels; ++label)
    counts_[label] = table.counts.get() + label * table.rows + at;
}

void RowEmitter::leaf(const Leaf& leaf) {
  const Layout& layout = leaf.format->layout;
  marks_.mark(leaf);
  find_rows(leaf);
  write_keys(leaf);
  switch (layout.label_bits) {
    case 0: write_counts<1>(leaf); break;
    case 1: write_counts<2>(leaf); break;
    case 2: write_counts<4>(leaf); break;
    default: write_counts<8>(leaf);
  }
  for (unsigned word = 0; word < layout.words; ++word) keys_[word] += number_;
  for (unsigned label = 0; label < layout.labels; ++label) counts_[label] += number_;
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
  const Layout& layout = leaf.format->layout;
  const std::size_t* const ends = ends_.data();
  std::uint64_t* const low = keys_[layout.words - 1];
  std::uint64_t* const high = layout.words == 2 ? keys_[0] : nullptr;
  const unsigned below = layout.key_bits - leaf.known_bits;
  if (leaf.low == nullptr && below > 0) {  // the unknown bits fit into one word
    const Key known = leaf.known << below;
    if (high != nullptr) std::fill_n(high, number_, static_cast<std::uint64_t>(known >> 64));
    for (std::size_t row = 0; row < number_; ++row)
      low[row] = static_cast<std::uint64_t>(known) | leaf.high[ends[row] - 1] >> (64 - below);
    return;
  }
  for (std::size_t row = 0; row < number_; ++row) {
    const Key key = leaf.key(ends[row] - 1);
    if (high != nullptr) high[row] = static_cast<std::uint64_t>(key >> 64);
    low[row] = static_cast<std::uint64_t>(key);
  }
}

template <unsigned labels>
void RowEmitter::write_counts(const Leaf& leaf) {
  const unsigned used = leaf.format->layout.labels;  // may be three of four
  const std::size_t* const ends = ends_.data();
  const auto counts = counts_;
  LabelCounts<labels> before{};
  for (std::size_t row = 0; row < number_; ++row) {
    const LabelCounts<labels> until = marks_.before<labels>(ends[row]);
    const LabelCounts<labels> seen = Marks::between<labels>(before, until);
    for (unsigned label = 0; label < labels; ++label)
      if (labels <= 2 || label < used) counts[label][row] = seen[label];
    before = until;
  }
  for (const Extra& extra : leaf.extras) {
    const auto row = std::upper_bound(ends, ends + number_, extra.place) - ends;
    counts[extra.label][row] += extra.number;
  }
}

NgramTable write_rows(const RecordFormat& format, std::span<const LeafStore> key_ranges,
                      unsigned threads) {
  std::vector<std::size_t> at(key_ranges.size() + 1, 0);
  for (std::size_t key_range = 0; key_range < key_ranges.size(); ++key_range)
    at[key_range + 1] = at[key_range] + key_ranges[key_range].rows();
  NgramTable table = make_table(format.layout, at.back());
  std::vector<RowEmitter> emitters;
  for (unsigned worker = 0; worker < threads; ++worker) emitters.emplace_back(format);
  std::vector<LeafStore::Columns> columns(threads);
  parallel_for(key_ranges.size(), threads, [&](std::size_t key_range, unsigned worker) {
    emitters[worker].write_to(table, at[key_range]);
    key_ranges[key_range].give_to(emitters[worker], format, columns[worker]);
  });
  return table;
}

}  // namespace collapse_stats::cpu
