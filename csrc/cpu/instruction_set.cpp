#include "instruction_set.hpp"

namespace collapse_stats::cpu {
namespace {

InstructionSet widest() {
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2") &&
      __builtin_cpu_supports("popcnt") && __builtin_cpu_supports("avx2")) {
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl"))
      return InstructionSet::avx512;
    return InstructionSet::avx2;
  }
#endif
  return InstructionSet::portable;
}

}  // namespace

InstructionSet instruction_set() {
  static const InstructionSet set = widest();
  return set;
}

}  // namespace collapse_stats::cpu
