#include "sort64.hpp"

#include <vector>

#include "sort64_sets.hpp"

namespace collapse_stats::cpu {
namespace {

std::vector<Sort64> usable() {
  std::vector<Sort64> sorts;
#if defined(__x86_64__)
  __builtin_cpu_init();
  const bool bits = __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("popcnt");
  if (bits && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl"))
    sorts.push_back({"avx512", sort64_avx512});
  if (bits && __builtin_cpu_supports("avx2")) sorts.push_back({"avx2", sort64_avx2});
#endif
  sorts.push_back({"portable", sort64_portable});
  return sorts;
}

}  // namespace

std::span<const Sort64> sort64_all() {
  static const std::vector<Sort64> sorts = usable();
  return sorts;
}

const char* sort64_name() { return sort64_all().front().name; }

void sort64(std::uint64_t* keys, std::uint64_t* scratch, std::size_t n) {
  if (n < 2) return;
  static const auto sort = sort64_all().front().sort;
  sort(keys, scratch, n);
}

}  // namespace collapse_stats::cpu
