#include "mark.hpp"

namespace collapse_stats::cpu {
namespace {

template <class Bit>
void pack(std::size_t words, std::uint64_t* marks, Bit bit) {
  for (std::size_t word = 0; word < words; ++word) {
    std::uint64_t bits = 0;
    for (unsigned i = 0; i < 64; ++i) bits |= std::uint64_t{bit(word * 64 + i) != 0} << i;
    marks[word] = bits;
  }
}

void changes(const std::uint64_t* high, const std::uint64_t* low, std::size_t words, BitTest test,
             std::uint64_t* marks) {
  if (low == nullptr)
    pack(words, marks, [=](std::size_t i) { return (high[i] ^ high[i + 1]) & test.high; });
  else
    pack(words, marks, [=](std::size_t i) {
      return ((high[i] ^ high[i + 1]) & test.high) | ((low[i] ^ low[i + 1]) & test.low);
    });
}

void nonzero(const std::uint64_t* high, const std::uint64_t* low, std::size_t words, BitTest test,
             std::uint64_t* marks) {
  if (low == nullptr)
    pack(words, marks, [=](std::size_t i) { return high[i] & test.high; });
  else
    pack(words, marks, [=](std::size_t i) { return (high[i] & test.high) | (low[i] & test.low); });
}

}  // namespace

const MarkKernels mark_kernels_portable{changes, nonzero};

const MarkKernels& mark_kernels_with(InstructionSet set) {
#if defined(__x86_64__)
  switch (set) {
    case InstructionSet::avx512: return mark_kernels_avx512;
    case InstructionSet::avx2: return mark_kernels_avx2;
    case InstructionSet::portable: break;
  }
#else
  static_cast<void>(set);
#endif
  return mark_kernels_portable;
}

const MarkKernels& mark_kernels() { return mark_kernels_with(instruction_set()); }

}  // namespace collapse_stats::cpu
