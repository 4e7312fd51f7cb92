// Cost in ns a key, median on a 2.6 GHz Zen 4 core, keys with equal top bits, buckets of random
// size end to end in 1 to 4 MiB (one array in the last column):
//
//   mean size    10    100   300   1000   2000   8 M
//   avx512      2.2    1.4   2.0    2.7    3.6   9.5
//   avx2        2.0    2.6   3.5    4.1    5.1    11
//   portable    2.4    5.3   6.5    7.7    9.5    19
//   std::sort   9.8     21    25     30     34    67
//
// 2048 keys that are equal take 0.5 (avx512), that have ten values 1.6, sorted or reversed 2.5.
// Nothing waits for memory while the keys fit the L2 cache: see the .inc files for what bounds it.

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
