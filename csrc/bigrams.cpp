#include "bigrams.hpp"

#include <algorithm>
#include <limits>
#include <stdexcept>
#include <string>
#include <vector>

#include "cpu/parallel.hpp"
#include "cpu/slices.hpp"
#include "cpu/sort64.hpp"

namespace collapse_stats {

void refuse_size() {
  throw std::invalid_argument("expected less than 2**32 n-grams of each order, got more: give a "
                              "lower order, or tokens=");
}

void refuse_table() {
  throw std::invalid_argument(
      "expected a table of whole documents, got one in which an n-gram occurs more often than a "
      "shorter one in it: count the documents again");
}

Bigrams::Bigrams(const Layout& layout, const NgramTableView& table, unsigned threads) {
  find_groups(layout, table, threads);
  const auto top_of = [&](std::size_t group) {
    return layout.unmix_top(table.key(start_[group], layout) >> layout.rest_bits);
  };
  auto pairs = make_column<std::uint64_t>(size_);
  for_slices(size_, threads, [&](std::size_t first, std::size_t end) {
    for (std::size_t group = first; group < end; ++group)
      pairs[group] = static_cast<std::uint64_t>(top_of(group) >> layout.code_bits);
  });
  symbols_ = Symbols(layout, pairs.get(), size_, threads);
  for_slices(size_, threads, [&](std::size_t first, std::size_t end) {
    for (std::size_t group = first; group < end; ++group) {
      const Key top = top_of(group);
      const auto of = [&](Key code) {
        return symbols_.of_code(static_cast<std::uint64_t>(code & low_mask(layout.code_bits)));
      };
      const std::uint64_t one = of(top >> layout.code_bits), two = of(top);
      if (one < Symbols::first_token || two == Symbols::unknown) refuse_table();
      pairs[group] = one << 32 | two;
    }
  });
  sorted_ = std::move(pairs);
  sort(threads);
}

void Bigrams::find_groups(const Layout& layout, const NgramTableView& table, unsigned threads) {
  const auto begins = [&](std::size_t row) {
    return row == 0 ||
           (table.key(row, layout) ^ table.key(row - 1, layout)) >> layout.rest_bits != 0;
  };
  std::vector<std::size_t> at(slices_of(table.rows, threads) + 1, 0);
  for_slices(table.rows, threads, [&](std::size_t first, std::size_t end, std::size_t slice) {
    std::size_t number = 0;
    for (std::size_t row = first; row < end; ++row) number += begins(row);
    at[slice + 1] = number;
  });
  for (std::size_t slice = 1; slice < at.size(); ++slice) at[slice] += at[slice - 1];
  size_ = at.back();
  if (size_ > std::numeric_limits<std::uint32_t>::max()) refuse_size();
  start_ = make_column<std::size_t>(size_ + 1);
  start_[size_] = table.rows;
  for_slices(table.rows, threads, [&](std::size_t first, std::size_t end, std::size_t slice) {
    std::size_t group = at[slice];
    for (std::size_t row = first; row < end; ++row)
      if (begins(row)) start_[group++] = row;
  });
}

/// Deal the bigrams to their first symbols, then sort those of each by the second.
void Bigrams::sort(unsigned threads) {
  const std::size_t number = symbols_.number();
  children_ = make_column<std::uint32_t>(number + 1);
  std::vector<std::uint32_t> next(number + 1, 0);
  for (std::size_t group = 0; group < size_; ++group) ++next[(sorted_[group] >> 32) + 1];
  for (std::size_t symbol = 1; symbol <= number; ++symbol) next[symbol] += next[symbol - 1];
  std::copy(next.begin(), next.end(), children_.get());
  auto dealt = make_column<std::uint64_t>(size_);
  for (std::size_t group = 0; group < size_; ++group)
    dealt[next[sorted_[group] >> 32]++] = sorted_[group] << 32 | group;
  for_slices(number, threads, [&](std::size_t first, std::size_t end) {
    for (std::size_t symbol = first; symbol < end; ++symbol) {
      const std::size_t begin = children_[symbol];
      cpu::sort64(dealt.get() + begin, sorted_.get() + begin, children_[symbol + 1] - begin);
    }
  });
  sorted_ = std::move(dealt);
}

}  // namespace collapse_stats
