#pragma once

#include <cstddef>
#include <cstdint>

#include "instruction_set.hpp"

namespace collapse_stats::cpu {

/// Selected bits of a value of two words.
struct BitTest {
  std::uint64_t high, low;
};

/// Kernels that compute one bit per record, 64 records to a word, for `words` words. They cost 0.1
/// ns per record and call with AVX-512, bound by instructions. If `low` is null, values have one
/// word. Columns are read up to one entry beyond the last of the 64 * words records.
struct MarkKernels {
  /// Bit i: records i and i + 1 differ in the bits of `test`.
  void (*changes)(const std::uint64_t* high, const std::uint64_t* low, std::size_t words,
                  BitTest test, std::uint64_t* marks);
  /// Bit i: record i has a bit of `test` set.
  void (*nonzero)(const std::uint64_t* high, const std::uint64_t* low, std::size_t words,
                  BitTest test, std::uint64_t* marks);
};

/// The kernels of `instruction_set()`.
const MarkKernels& mark_kernels();

/// The kernels of one of `instruction_sets()`.
const MarkKernels& mark_kernels_with(InstructionSet set);

#if defined(__x86_64__)
extern const MarkKernels mark_kernels_avx512;
extern const MarkKernels mark_kernels_avx2;
#endif
extern const MarkKernels mark_kernels_portable;

}  // namespace collapse_stats::cpu
