#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace collapse_stats {

enum class TokenType { u8, u16, u32, u64, i8, i16, i32, i64 };

/// Read a value that another thread or process may change, so that it is the same in every use.
template <class T>
T read_once(const T& value) {
  return *static_cast<const volatile T*>(&value);
}

/// A view of packed tokens and of the spans of them to count. Windows begin at every position
/// `start <= i < stop` and are cut at `limit`, the end of the span's document. The arrays belong to the caller and may change
/// while they are read: who uses a value as a place in memory reads it once and checks it then.
struct Chunk {
  const void* tokens;
  TokenType type;
  std::size_t size;
  std::span<const std::int64_t> start, stop, limit;
  std::span<const std::uint8_t> label;
};

}  // namespace collapse_stats
