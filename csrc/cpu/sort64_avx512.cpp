#if defined(__x86_64__)

// GCC 12 wrongly warns of uninitialised registers in its own header (GCC bug 105593).
#if !defined(__clang__)
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif
#include <immintrin.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "sort64_sets.hpp"
#include "sort64_singly.hpp"
#include "sort64_tables.hpp"

namespace collapse_stats::cpu {
namespace {

#define SORT64_TARGET __attribute__((target("avx512f,avx512dq,avx512bw,avx512vl,bmi2,popcnt")))
#define SORT64_INLINE SORT64_TARGET inline __attribute__((always_inline))

using Vector = __m512i;
constexpr std::size_t lanes = 8;
constexpr std::size_t few_singly = 8;
constexpr std::size_t max_rows = 24;  // of the 32 registers

SORT64_INLINE __mmask8 first_lanes(std::size_t n) {
  return static_cast<__mmask8>(_bzhi_u32(0xFF, static_cast<unsigned>(n)));
}

SORT64_INLINE Vector load(const std::uint64_t* from) { return _mm512_loadu_si512(from); }

SORT64_INLINE Vector load_first(const std::uint64_t* from, std::size_t n) {
  return _mm512_mask_loadu_epi64(_mm512_set1_epi64(-1), first_lanes(n), from);
}

SORT64_INLINE void store(std::uint64_t* to, Vector keys) { _mm512_storeu_si512(to, keys); }

SORT64_INLINE void store_first(std::uint64_t* to, Vector keys, std::size_t n) {
  _mm512_mask_storeu_epi64(to, first_lanes(n), keys);
}

SORT64_INLINE Vector broadcast(std::uint64_t key) {
  return _mm512_set1_epi64(static_cast<long long>(key));
}

// The greater of two keys is a ^ b ^ lesser, which can run on more ports than a maximum.
constexpr int exclusive_or = 0x96;

SORT64_INLINE void exchange(Vector& a, Vector& b) {
  const Vector lesser = _mm512_min_epu64(a, b);
  b = _mm512_ternarylogic_epi64(a, b, lesser, exclusive_or);
  a = lesser;
}

/// Lane i of the result is lane i ^ Flip.
template <std::size_t Flip>
SORT64_INLINE Vector flip_lanes(Vector keys) {
  static_assert(Flip == 1 || Flip == 2 || Flip == 3 || Flip == 7);
  if constexpr (Flip == 1) return _mm512_shuffle_epi32(keys, _MM_PERM_BADC);
  if constexpr (Flip == 2) return _mm512_permutex_epi64(keys, 0x4E);
  if constexpr (Flip == 3) return _mm512_permutex_epi64(keys, 0x1B);
  if constexpr (Flip == 7)
    return _mm512_permutexvar_epi64(_mm512_setr_epi64(7, 6, 5, 4, 3, 2, 1, 0), keys);
}

template <std::size_t Flip, std::size_t High>
SORT64_INLINE Vector exchange_lanes(Vector x, Vector y) {
  constexpr __mmask8 high = High == 1 ? 0b10101010 : High == 2 ? 0b11001100 : 0b11110000;
  y = flip_lanes<Flip>(y);
  const Vector lesser = _mm512_min_epu64(x, y);
  return _mm512_mask_ternarylogic_epi64(lesser, high, x, y, exclusive_or);
}

SORT64_INLINE void unzip(Vector& a, Vector& b) {
  const Vector even = _mm512_setr_epi64(0, 2, 4, 6, 8, 10, 12, 14);
  const Vector odd = _mm512_setr_epi64(1, 3, 5, 7, 9, 11, 13, 15);
  const Vector evens = _mm512_permutex2var_epi64(a, even, b);
  b = _mm512_permutex2var_epi64(a, odd, b);
  a = evens;
}

constexpr auto orders = front_first<lanes>();

template <Rule rule>
SORT64_INLINE std::size_t split(Vector keys, Vector pivot, std::uint64_t* front,
                                std::uint64_t* back) {
  const __mmask8 to_front = rule == Rule::less ? _mm512_cmplt_epu64_mask(keys, pivot)
                                               : _mm512_cmpeq_epu64_mask(keys, pivot);
  const auto* const bytes = reinterpret_cast<const __m128i*>(orders[to_front].data());
  const Vector order = _mm512_cvtepu8_epi64(_mm_loadl_epi64(bytes));
  const Vector ordered = _mm512_permutexvar_epi64(order, keys);
  store(front, ordered);
  store(back, ordered);
  return static_cast<std::size_t>(_mm_popcnt_u32(to_front));
}

#include "sort64_rows.inc"

#include "sort64_impl.inc"

}  // namespace

void sort64_avx512(std::uint64_t* keys, std::uint64_t* scratch, std::size_t n) {
  sort(keys, scratch, n);
}

}  // namespace collapse_stats::cpu

#endif
