#pragma once

#include <cstddef>
#include <cstdint>

/// `sort64` for each instruction set. The caller must check that the processor supports the set;
/// only the portable one always works. The others exist on x86-64 only.
namespace collapse_stats::cpu {

/// Needs AVX-512 F, DQ, BW and VL, BMI2 and POPCNT.
void sort64_avx512(std::uint64_t* keys, std::uint64_t* scratch, std::size_t n);

/// Needs AVX2, BMI2 and POPCNT.
void sort64_avx2(std::uint64_t* keys, std::uint64_t* scratch, std::size_t n);

void sort64_portable(std::uint64_t* keys, std::uint64_t* scratch, std::size_t n);

}  // namespace collapse_stats::cpu
