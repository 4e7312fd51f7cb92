#pragma once

#include <cstddef>
#include <cstring>

#if defined(__x86_64__)
#include <emmintrin.h>
#endif

namespace collapse_stats::cpu {

/// Copy a multiple of 16 bytes past the caches, to memory that is not read again soon; a plain
/// store would first read the line that it writes. Both addresses must be aligned to 16 bytes.
inline void stream(void* to, const void* from, std::size_t bytes) {
#if defined(__x86_64__)
  auto* const out = static_cast<__m128i*>(to);
  const auto* const in = static_cast<const __m128i*>(from);
  for (std::size_t i = 0; i < bytes / sizeof(__m128i); ++i)
    _mm_stream_si128(out + i, _mm_load_si128(in + i));
#else
  std::memcpy(to, from, bytes);
#endif
}

/// Must be called before another thread reads what was streamed.
inline void stream_fence() {
#if defined(__x86_64__)
  _mm_sfence();
#endif
}

}  // namespace collapse_stats::cpu
