#pragma once

#include <cstddef>
#include <cstdint>

#include "instruction_set.hpp"

namespace collapse_stats::cpu {

/// Sort `n` keys ascending with `instruction_set()`. `scratch` holds `n` more keys, does not
/// overlap the keys, and is overwritten. Takes O(n log n) for any keys; equal, few distinct, sorted
/// and reversed keys are no slower than random ones. Costs 2.6 ns per key of a leaf with AVX-512,
/// bound by instructions.
void sort64(std::uint64_t* keys, std::uint64_t* scratch, std::size_t n);

using Sort64 = void (*)(std::uint64_t* keys, std::uint64_t* scratch, std::size_t n);

/// The same sort for one of `instruction_sets()`.
Sort64 sort64_with(InstructionSet set);

}  // namespace collapse_stats::cpu
