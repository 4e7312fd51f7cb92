#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "sort64_sets.hpp"
#include "sort64_tables.hpp"

namespace collapse_stats::cpu {
namespace {

#define SORT64_TARGET

using Vector = std::uint64_t;
constexpr std::size_t lanes = 1;
constexpr std::size_t max_rows = 16;

inline Vector load(const std::uint64_t* from) { return *from; }
inline Vector load_first(const std::uint64_t* from, std::size_t n) {
  return n > 0 ? *from : ~std::uint64_t{0};
}
inline void store(std::uint64_t* to, Vector key) { *to = key; }
inline void store_first(std::uint64_t* to, Vector key, std::size_t n) {
  if (n > 0) *to = key;
}
inline Vector broadcast(std::uint64_t key) { return key; }

inline void exchange(Vector& a, Vector& b) {
  const Vector least = std::min(a, b);
  b = std::max(a, b);
  a = least;
}

// A vector of one lane is neither merged nor turned.
template <std::size_t, std::size_t>
Vector exchange_lanes(Vector, Vector);
void unzip(Vector&, Vector&);

template <Rule rule>
inline std::size_t split(Vector key, Vector pivot, std::uint64_t* front, std::uint64_t* back) {
  *front = key;
  *back = key;
  return rule == Rule::less ? key < pivot : key == pivot;
}

#include "sort64_impl.inc"

}  // namespace

void sort64_portable(std::uint64_t* keys, std::uint64_t* scratch, std::size_t n) {
  sort(keys, scratch, n);
}

}  // namespace collapse_stats::cpu
