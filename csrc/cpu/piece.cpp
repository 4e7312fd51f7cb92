#include "piece.hpp"

#include <algorithm>
#include <stdexcept>
#include <string>

namespace collapse_stats::cpu {
namespace {

void check_span(const Chunk& chunk, std::size_t span, unsigned labels) {
  const std::int64_t start = chunk.start[span];
  const std::int64_t stop = chunk.stop[span];
  const std::int64_t limit = chunk.limit[span];
  if (start < 0 || start > stop || stop > limit || static_cast<std::size_t>(limit) > chunk.size)
    throw std::invalid_argument(
        "spans must have 0 <= start <= stop <= limit <= " + std::to_string(chunk.size) +
        " (the number of tokens), got start " + std::to_string(start) + ", stop " +
        std::to_string(stop) + ", limit " + std::to_string(limit) + " in span " +
        std::to_string(span));
  if (chunk.label[span] >= labels)
    throw std::invalid_argument("labels must be below " + std::to_string(labels) + ", got " +
                                std::to_string(chunk.label[span]) + " in span " +
                                std::to_string(span));
}

void check_lengths(const Chunk& chunk) {
  const std::size_t spans = chunk.start.size();
  if (chunk.stop.size() != spans || chunk.limit.size() != spans || chunk.label.size() != spans)
    throw std::invalid_argument(
        "start, stop, limit and label must have one entry per span each, got " +
        std::to_string(spans) + ", " + std::to_string(chunk.stop.size()) + ", " +
        std::to_string(chunk.limit.size()) + " and " + std::to_string(chunk.label.size()));
}

}  // namespace

std::vector<Piece> cut(const Chunk& chunk, unsigned labels, std::size_t windows) {
  check_lengths(chunk);
  std::vector<Piece> pieces;
  std::size_t room = 0;  // in the last piece
  for (std::size_t span = 0; span < chunk.start.size(); ++span) {
    check_span(chunk, span, labels);
    const auto stop = static_cast<std::size_t>(chunk.stop[span]);
    for (auto start = static_cast<std::size_t>(chunk.start[span]); start < stop;) {
      if (room == 0) {
        pieces.push_back({span, start, 0});
        room = windows;
      }
      const std::size_t taken = std::min(room, stop - start);
      pieces.back().windows += taken;
      room -= taken;
      start += taken;
    }
  }
  return pieces;
}

}  // namespace collapse_stats::cpu
