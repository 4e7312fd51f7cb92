#pragma once

#include <cstddef>
#include <cstdint>

#include "instruction_set.hpp"

namespace collapse_stats::cpu {

/// Sorts `n` keys ascending, with `instruction_set()`; `scratch` holds `n` more, what is in it is
/// lost, and it does not overlap the keys. Time is O(n log n) whatever the keys are; equal, few
/// distinct, sorted and reversed keys are no slower than random ones. 2.6 ns per key of a leaf with
/// AVX-512, bound by instructions.
void sort64(std::uint64_t* keys, std::uint64_t* scratch, std::size_t n);

using Sort64 = void (*)(std::uint64_t* keys, std::uint64_t* scratch, std::size_t n);

/// The same sort with one of `instruction_sets()`.
Sort64 sort64_with(InstructionSet set);

}  // namespace collapse_stats::cpu
