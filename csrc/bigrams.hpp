#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "ngram_table.hpp"
#include "symbols.hpp"

namespace collapse_stats {

/// Memory of a column, to be filled by the caller.
template <class T>
std::unique_ptr<T[]> make_column(std::size_t size) {
  auto column = std::make_unique_for_overwrite<T[]>(size);
  cpu::advise_huge_pages(column.get(), size * sizeof(T));
  return column;
}

/// The bigrams of a table of windows of two tokens or more, in the order of their symbols. In the
/// table they are in the order of their mixed keys; the rows of each are adjacent.
class Bigrams {
 public:
  /// Throws std::invalid_argument if a second token begins no row.
  Bigrams(const Layout& layout, const NgramTableView& table, unsigned threads);

  std::size_t size() const { return size_; }
  const Symbols& symbols() const { return symbols_; }

  /// The second symbol of a bigram.
  std::uint32_t second(std::size_t bigram) const {
    return static_cast<std::uint32_t>(sorted_[bigram] >> 32);
  }

  /// The first row of a bigram, and the row behind its last.
  std::size_t first_row(std::size_t bigram) const { return start_[group(bigram)]; }
  std::size_t end_row(std::size_t bigram) const { return start_[group(bigram) + 1]; }

  /// Ask for the memory that tells where the rows of a later bigram are.
  void prefetch(std::size_t bigram) const {
    if (bigram < size_) __builtin_prefetch(start_.get() + group(bigram));
  }

  /// For each symbol, and one behind them, the first bigram that begins with it or a later one.
  std::unique_ptr<std::uint32_t[]> take_children() { return std::move(children_); }

 private:
  void find_groups(const Layout& layout, const NgramTableView& table, unsigned threads);
  void sort(unsigned threads);

  std::size_t group(std::size_t bigram) const {
    return static_cast<std::uint32_t>(sorted_[bigram]);
  }

  std::size_t size_ = 0;
  Symbols symbols_;
  std::unique_ptr<std::size_t[]> start_;     // first row of each group of rows with one bigram
  std::unique_ptr<std::uint64_t[]> sorted_;  // second symbol, and group
  std::unique_ptr<std::uint32_t[]> children_;
};

/// Throws std::invalid_argument: a table has more n-grams of an order than numbers of 32 bits.
[[noreturn]] void refuse_size();

/// Throws std::invalid_argument: longer n-grams of a table occur more often than shorter ones in
/// them.
[[noreturn]] void refuse_table();

}  // namespace collapse_stats
