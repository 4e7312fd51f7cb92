#if defined(__x86_64__)

#include <immintrin.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <utility>

#include "sort64_sets.hpp"
#include "sort64_singly.hpp"
#include "sort64_tables.hpp"

namespace collapse_stats::cpu {
namespace {

#define SORT64_TARGET __attribute__((target("avx2,bmi2,popcnt")))
#define SORT64_INLINE SORT64_TARGET inline __attribute__((always_inline))

/// Keys in registers have their top bit flipped, because AVX2 only compares signed numbers.
using Vector = __m256i;
constexpr std::size_t lanes = 4;
constexpr std::size_t few_singly = 8;
constexpr std::size_t max_rows = 16;  // uses all registers, so that some keys are kept on the stack

constexpr long long top_bit = std::numeric_limits<long long>::min();
constexpr long long largest = std::numeric_limits<long long>::max();

SORT64_INLINE Vector flip_top(Vector keys) {
  return _mm256_xor_si256(keys, _mm256_set1_epi64x(top_bit));
}

SORT64_INLINE Vector first_lanes(std::size_t n) {
  const Vector number = _mm256_set1_epi64x(static_cast<long long>(n));
  return _mm256_cmpgt_epi64(number, _mm256_setr_epi64x(0, 1, 2, 3));
}

SORT64_INLINE Vector load(const std::uint64_t* from) {
  return flip_top(_mm256_loadu_si256(reinterpret_cast<const Vector*>(from)));
}

SORT64_INLINE Vector load_first(const std::uint64_t* from, std::size_t n) {
  const Vector mask = first_lanes(n);
  const Vector keys = _mm256_maskload_epi64(reinterpret_cast<const long long*>(from), mask);
  return _mm256_blendv_epi8(_mm256_set1_epi64x(largest), flip_top(keys), mask);
}

SORT64_INLINE void store(std::uint64_t* to, Vector keys) {
  _mm256_storeu_si256(reinterpret_cast<Vector*>(to), flip_top(keys));
}

SORT64_INLINE void store_first(std::uint64_t* to, Vector keys, std::size_t n) {
  _mm256_maskstore_epi64(reinterpret_cast<long long*>(to), first_lanes(n), flip_top(keys));
}

SORT64_INLINE Vector broadcast(std::uint64_t key) {
  return flip_top(_mm256_set1_epi64x(static_cast<long long>(key)));
}

/// Lanes of `b` where `mask` is set, of `a` elsewhere.
SORT64_INLINE Vector choose(Vector a, Vector b, Vector mask) {
  return _mm256_castpd_si256(
      _mm256_blendv_pd(_mm256_castsi256_pd(a), _mm256_castsi256_pd(b), _mm256_castsi256_pd(mask)));
}

SORT64_INLINE void exchange(Vector& a, Vector& b) {
  const Vector greater = _mm256_cmpgt_epi64(a, b);
  const Vector lesser = choose(a, b, greater);
  b = choose(b, a, greater);
  a = lesser;
}

/// Lane i of the result is lane i ^ Flip.
template <std::size_t Flip>
SORT64_INLINE Vector flip_lanes(Vector keys) {
  static_assert(Flip == 1 || Flip == 3);
  if constexpr (Flip == 1) return _mm256_shuffle_epi32(keys, 0x4E);
  if constexpr (Flip == 3) return _mm256_permute4x64_epi64(keys, 0x1B);
}

template <std::size_t Flip, std::size_t High>
SORT64_INLINE Vector exchange_lanes(Vector x, Vector y) {
  const Vector high =
      High == 1 ? _mm256_setr_epi64x(0, -1, 0, -1) : _mm256_setr_epi64x(0, 0, -1, -1);
  y = flip_lanes<Flip>(y);
  return choose(x, y, _mm256_xor_si256(_mm256_cmpgt_epi64(x, y), high));
}

SORT64_INLINE void unzip(Vector& a, Vector& b) {
  const Vector low = _mm256_permute2x128_si256(a, b, 0x20);
  const Vector high = _mm256_permute2x128_si256(a, b, 0x31);
  a = _mm256_unpacklo_epi64(low, high);
  b = _mm256_unpackhi_epi64(low, high);
}

/// Converts orders of 64-bit lanes to orders of 32-bit lanes, which AVX2 can permute freely.
constexpr auto halves_of(const std::array<std::array<std::uint8_t, lanes>, 16>& orders) {
  std::array<std::array<std::uint32_t, 2 * lanes>, 16> halves{};
  for (std::size_t mask = 0; mask < orders.size(); ++mask)
    for (std::size_t half = 0; half < 2 * lanes; ++half)
      halves[mask][half] = static_cast<std::uint32_t>(2 * orders[mask][half / 2] + half % 2);
  return halves;
}

alignas(32) constexpr auto orders = halves_of(front_first<lanes>());

template <Rule rule>
SORT64_INLINE std::size_t split(Vector keys, Vector pivot, std::uint64_t* front,
                                std::uint64_t* back) {
  const Vector chosen =
      rule == Rule::less ? _mm256_cmpgt_epi64(pivot, keys) : _mm256_cmpeq_epi64(keys, pivot);
  const auto to_front = static_cast<unsigned>(_mm256_movemask_pd(_mm256_castsi256_pd(chosen)));
  const Vector order = _mm256_load_si256(reinterpret_cast<const Vector*>(orders[to_front].data()));
  const Vector ordered = _mm256_permutevar8x32_epi32(keys, order);
  store(front, ordered);
  store(back, ordered);
  return static_cast<std::size_t>(_mm_popcnt_u32(to_front));
}

#include "sort64_rows.inc"

#include "sort64_impl.inc"

}  // namespace

void sort64_avx2(std::uint64_t* keys, std::uint64_t* scratch, std::size_t n) {
  sort(keys, scratch, n);
}

}  // namespace collapse_stats::cpu

#endif
