// Cost in ns per key (median, 2.6 GHz Zen 4 core) for keys with equal top bits, in buckets of
// random size that follow each other in 1 to 4 MiB (one array in the last column):
//
//   mean size    10    100   300   1000   2000   8 M
//   avx512      2.2    1.4   2.0    2.7    3.6   9.5
//   avx2        2.0    2.6   3.5    4.1    5.1    11
//   portable    2.4    5.3   6.5    7.7    9.5    19
//   std::sort   9.8     21    25     30     34    67
//
// With avx512, 2048 equal keys take 0.5, keys of ten values 1.6, sorted or reversed keys 2.5.
// Memory is no limit while the keys fit into the L2 cache; the .inc files say what bounds the sort.

#include "sort64.hpp"

#include "sort64_sets.hpp"

namespace collapse_stats::cpu {

Sort64 sort64_with(InstructionSet set) {
#if defined(__x86_64__)
  switch (set) {
    case InstructionSet::avx512: return sort64_avx512;
    case InstructionSet::avx2: return sort64_avx2;
    case InstructionSet::portable: break;
  }
#else
  static_cast<void>(set);
#endif
  return sort64_portable;
}

void sort64(std::uint64_t* keys, std::uint64_t* scratch, std::size_t n) {
  if (n < 2) return;
  static const Sort64 sort = sort64_with(instruction_set());
  sort(keys, scratch, n);
}

}  // namespace collapse_stats::cpu
