#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace collapse_stats::cpu {

/// Sorts `n` keys ascending, with the widest instruction set of this machine; `scratch` holds `n`
/// more, what is in it is lost, and it does not overlap the keys. Time is O(n log n) whatever the
/// keys are; equal, few distinct, sorted and reversed keys are no slower than random ones.
void sort64(std::uint64_t* keys, std::uint64_t* scratch, std::size_t n);

/// The instruction set that `sort64` uses: "avx512", "avx2" or "portable".
const char* sort64_name();

/// The same sort for one instruction set.
struct Sort64 {
  const char* name;
  void (*sort)(std::uint64_t* keys, std::uint64_t* scratch, std::size_t n);
};

/// Every one that runs on this machine, best first, "portable" last.
std::span<const Sort64> sort64_all();

}  // namespace collapse_stats::cpu
