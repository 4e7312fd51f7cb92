#if defined(__x86_64__)

#include <immintrin.h>

#include "instruction_set.hpp"
#include "mark.hpp"

namespace collapse_stats::cpu {
namespace {

COLLAPSE_STATS_AVX2 COLLAPSE_STATS_INLINE __m256i load(const std::uint64_t* from) {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
}

/// Mark the records in which tested bits are set or, with `neighbours`, differ from the next
/// record.
template <bool neighbours, bool two_words>
COLLAPSE_STATS_AVX2 COLLAPSE_STATS_INLINE void mark(const std::uint64_t* high,
                                                    const std::uint64_t* low, std::size_t words,
                                                    BitTest test, std::uint64_t* marks) {
  const __m256i high_test = _mm256_set1_epi64x(static_cast<long long>(test.high));
  const __m256i low_test = _mm256_set1_epi64x(static_cast<long long>(test.low));
  const __m256i zero = _mm256_setzero_si256();
  for (std::size_t word = 0; word < words; ++word) {
    std::uint64_t clear = 0;
#pragma GCC unroll 16
    for (unsigned i = 0; i < 16; ++i) {
      const std::size_t at = word * 64 + i * 4;
      __m256i value = load(high + at);
      if constexpr (neighbours) value = _mm256_xor_si256(value, load(high + at + 1));
      value = _mm256_and_si256(value, high_test);
      if constexpr (two_words) {
        __m256i lower = load(low + at);
        if constexpr (neighbours) lower = _mm256_xor_si256(lower, load(low + at + 1));
        value = _mm256_or_si256(value, _mm256_and_si256(lower, low_test));
      }
      const __m256i equal = _mm256_cmpeq_epi64(value, zero);
      const auto lanes = static_cast<unsigned>(_mm256_movemask_pd(_mm256_castsi256_pd(equal)));
      clear |= std::uint64_t{lanes} << (4 * i);
    }
    marks[word] = ~clear;
  }
}

template <bool neighbours>
COLLAPSE_STATS_AVX2 void mark_words(const std::uint64_t* high, const std::uint64_t* low,
                                    std::size_t words, BitTest test, std::uint64_t* marks) {
  if (low == nullptr)
    mark<neighbours, false>(high, low, words, test, marks);
  else
    mark<neighbours, true>(high, low, words, test, marks);
}

}  // namespace

const MarkKernels mark_kernels_avx2{mark_words<true>, mark_words<false>};

}  // namespace collapse_stats::cpu

#endif
