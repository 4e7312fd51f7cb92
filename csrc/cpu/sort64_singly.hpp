#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "sort64_tables.hpp"

/// Sorting a few keys one by one, with a sorting network for each number of keys, so that no branch
/// depends on a key. Takes 4 ns for 2 keys, 6 for 4 and 10 for 8. Vectors take 18 ns for 2 keys,
/// because their instructions wait for each other.
namespace collapse_stats::cpu {

constexpr std::size_t max_singly = 16;

/// This compiles to conditional moves, which std::min and std::max often do not.
inline void exchange_keys(std::uint64_t& a, std::uint64_t& b) {
  const std::uint64_t lesser = a < b ? a : b;
  b = a < b ? b : a;
  a = lesser;
}

template <std::size_t N, std::size_t... Key, std::size_t... Step>
void sort_unrolled(const std::uint64_t* from, std::uint64_t* to, std::index_sequence<Key...>,
                   std::index_sequence<Step...>) {
  std::array<std::uint64_t, N> keys{from[Key]...};
  (exchange_keys(keys[network<N>.exchanges[Step].low], keys[network<N>.exchanges[Step].high]), ...);
  ((to[Key] = keys[Key]), ...);
}

template <std::size_t N>
void sort_exactly(const std::uint64_t* from, std::uint64_t* to) {
  sort_unrolled<N>(from, to, std::make_index_sequence<N>{},
                   std::make_index_sequence<network<N>.size>{});
}

template <std::size_t... Less>
constexpr auto exact_sorts(std::index_sequence<Less...>) {
  return std::array{&sort_exactly<Less + 1>...};
}

/// Sort 1 to `max_singly` keys of `from` into `to`, which may be the same array.
inline void sort_singly(const std::uint64_t* from, std::uint64_t* to, std::size_t n) {
  static constexpr auto sorts = exact_sorts(std::make_index_sequence<max_singly>{});
  sorts[n - 1](from, to);
}

}  // namespace collapse_stats::cpu
