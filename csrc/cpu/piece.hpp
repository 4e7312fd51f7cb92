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

/// Cut the windows of a chunk into pieces of at most `windows` each. Throws std::invalid_argument
/// if a span lies outside the tokens or a label is not below `labels`.
std::vector<Piece> cut(const Chunk& chunk, unsigned labels, std::size_t windows);

}  // namespace collapse_stats::cpu
