#pragma once

/// Compiling a function for several instruction sets. The loops are written once, as plain C++ in
/// an always-inlined body. One wrapper for each set lets the compiler vectorise the body for it,
/// and `instruction_set` says at run time which wrapper to call.
#if defined(__x86_64__)
#define COLLAPSE_STATS_AVX512 \
  __attribute__((target("avx512f,avx512dq,avx512bw,avx512vl,bmi,bmi2,popcnt")))
#define COLLAPSE_STATS_AVX2 __attribute__((target("avx2,bmi,bmi2,popcnt")))
#endif
#define COLLAPSE_STATS_INLINE inline __attribute__((always_inline))

#include <span>

namespace collapse_stats::cpu {

/// Ordered from narrowest to widest.
enum class InstructionSet { portable, avx2, avx512 };

/// "portable", "avx2" or "avx512".
const char* name(InstructionSet set);

/// All sets that both this processor and this build support, narrowest first.
std::span<const InstructionSet> instruction_sets();

/// The set in use in the whole process: the widest, or the one named by the environment variable
/// COLLAPSE_STATS_INSTRUCTION_SET, which is meant for tests and debugging. Throws
/// std::invalid_argument if the named set is not supported.
InstructionSet instruction_set();

}  // namespace collapse_stats::cpu
