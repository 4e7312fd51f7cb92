#include "instruction_set.hpp"

#include <array>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <string_view>

namespace collapse_stats::cpu {
namespace {

constexpr std::array all{InstructionSet::portable, InstructionSet::avx2, InstructionSet::avx512};

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

InstructionSet chosen() {
  const char* const asked = std::getenv("COLLAPSE_STATS_INSTRUCTION_SET");
  if (asked == nullptr || *asked == '\0') return instruction_sets().back();
  std::string names;
  for (const InstructionSet set : instruction_sets()) {
    if (std::string_view(asked) == name(set)) return set;
    names += (names.empty() ? "" : ", ") + std::string(name(set));
  }
  throw std::invalid_argument("COLLAPSE_STATS_INSTRUCTION_SET must be one of " + names +
                              " on this processor, got " + asked + ": unset it to use the widest");
}

}  // namespace

const char* name(InstructionSet set) {
  switch (set) {
    case InstructionSet::avx512: return "avx512";
    case InstructionSet::avx2: return "avx2";
    case InstructionSet::portable: break;
  }
  return "portable";
}

std::span<const InstructionSet> instruction_sets() {
  static const std::size_t number = static_cast<std::size_t>(widest()) + 1;
  return std::span(all).first(number);
}

InstructionSet instruction_set() {
  static const InstructionSet set = chosen();
  return set;
}

}  // namespace collapse_stats::cpu
