#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "../chunk.hpp"

namespace collapse_stats::cpu {

/// Windows that one thread handles together: `windows` of them, from token `start` of span `span`
/// on and through the spans that follow.
struct Piece {
  std::size_t span;
  std::size_t start;
  std::size_t windows;
};

/// A span, from the window at `token` on.
struct Span {
  std::size_t stop, limit;
  std::uint8_t label;
};

/// Throws std::invalid_argument: ids or spans are no longer what was checked.
[[noreturn]] void refuse_changed();

/// Read span `span`, whose next window begins at `token`. The caller's arrays may change after `cut`
/// has checked them, so every span is checked again by those who read it. Throws
/// std::invalid_argument unless token <= stop <= limit <= size and the label is below `labels`.
inline Span span_at(const Chunk& chunk, std::size_t span, std::size_t token, unsigned labels) {
  if (span >= chunk.start.size()) [[unlikely]]
    refuse_changed();
  const Span read{static_cast<std::size_t>(read_once(chunk.stop[span])),
                  static_cast<std::size_t>(read_once(chunk.limit[span])),
                  read_once(chunk.label[span])};
  if (token > read.stop || read.stop > read.limit || read.limit > chunk.size ||
      read.label >= labels) [[unlikely]]
    refuse_changed();
  return read;
}

/// The first token of span `span`, which `span_at` has yet to check.
inline std::size_t start_of(const Chunk& chunk, std::size_t span) {
  if (span >= chunk.start.size()) [[unlikely]]
    refuse_changed();
  return static_cast<std::size_t>(read_once(chunk.start[span]));
}

/// Cut the windows of a chunk into pieces of at most `windows` each. Throws std::invalid_argument
/// if a span lies outside the tokens or a label is not below `labels`.
std::vector<Piece> cut(const Chunk& chunk, unsigned labels, std::size_t windows);

}  // namespace collapse_stats::cpu
