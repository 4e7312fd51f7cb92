#pragma once

/// Compiling one function for several instruction sets. The loops are written once, plainly, as an
/// always-inlined body; one wrapper per set lets the compiler vectorise it for that set, and
/// `instruction_set` says at run time which wrapper to call.
#if defined(__x86_64__)
#define COLLAPSE_STATS_AVX512 \
  __attribute__((target("avx512f,avx512dq,avx512bw,avx512vl,bmi,bmi2,popcnt")))
#define COLLAPSE_STATS_AVX2 __attribute__((target("avx2,bmi,bmi2,popcnt")))
#endif
#define COLLAPSE_STATS_INLINE inline __attribute__((always_inline))

#include <span>

namespace collapse_stats::cpu {

/// Narrowest first.
enum class InstructionSet { portable, avx2, avx512 };

/// "portable", "avx2" or "avx512".
const char* name(InstructionSet set);

/// Every set that this processor and this build have, narrowest first.
std::span<const InstructionSet> instruction_sets();

/// The one in use: the widest, or the one that the environment variable
/// COLLAPSE_STATS_INSTRUCTION_SET names, for tests and for finding faults. The same in the whole
/// process. Throws std::invalid_argument when the one named is not there.
InstructionSet instruction_set();

}  // namespace collapse_stats::cpu
