#if defined(__x86_64__)

#include <immintrin.h>

#include "instruction_set.hpp"
#include "mark.hpp"

namespace collapse_stats::cpu {
namespace {

COLLAPSE_STATS_AVX512 COLLAPSE_STATS_INLINE __m512i load(const std::uint64_t* from) {
  return _mm512_loadu_si512(from);
}

/// Mark the records in which tested bits are set or, with `neighbours`, differ from the next
/// record.
template <bool neighbours, bool two_words>
COLLAPSE_STATS_AVX512 COLLAPSE_STATS_INLINE void mark(const std::uint64_t* high,
                                                      const std::uint64_t* low, std::size_t words,
                                                      BitTest test, std::uint64_t* marks) {
  const __m512i high_test = _mm512_set1_epi64(static_cast<long long>(test.high));
  const __m512i low_test = _mm512_set1_epi64(static_cast<long long>(test.low));
  for (std::size_t word = 0; word < words; ++word) {
    std::uint64_t bits = 0;
#pragma GCC unroll 8
    for (unsigned i = 0; i < 8; ++i) {
      const std::size_t at = word * 64 + i * 8;
      __m512i value = load(high + at);
      if constexpr (neighbours) value = _mm512_xor_si512(value, load(high + at + 1));
      __mmask8 set;
      if constexpr (two_words) {
        __m512i lower = load(low + at);
        if constexpr (neighbours) lower = _mm512_xor_si512(lower, load(low + at + 1));
        value = _mm512_and_si512(value, high_test);
        value = _mm512_ternarylogic_epi64(value, lower, low_test, 0xF8);  // a | (b & c)
        set = _mm512_test_epi64_mask(value, value);
      } else {
        set = _mm512_test_epi64_mask(value, high_test);
      }
      bits |= std::uint64_t{set} << (8 * i);
    }
    marks[word] = bits;
  }
}

template <bool neighbours>
COLLAPSE_STATS_AVX512 void mark_words(const std::uint64_t* high, const std::uint64_t* low,
                                      std::size_t words, BitTest test, std::uint64_t* marks) {
  if (low == nullptr)
    mark<neighbours, false>(high, low, words, test, marks);
  else
    mark<neighbours, true>(high, low, words, test, marks);
}

}  // namespace

const MarkKernels mark_kernels_avx512{mark_words<true>, mark_words<false>};

}  // namespace collapse_stats::cpu

#endif
