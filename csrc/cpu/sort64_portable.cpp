#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "sort64_sets.hpp"
#include "sort64_singly.hpp"
#include "sort64_tables.hpp"

namespace collapse_stats::cpu {
namespace {

#define SORT64_TARGET

using Vector = std::uint64_t;
constexpr std::size_t lanes = 1;
constexpr std::size_t few = max_singly;

inline Vector load(const std::uint64_t* from) { return *from; }

inline Vector broadcast(std::uint64_t key) { return key; }

inline void sort_few(const std::uint64_t* from, std::uint64_t* to, std::size_t n) {
  sort_singly(from, to, n);
}

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
