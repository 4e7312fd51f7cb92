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

/// Whether `check_span` accepts all spans `first <= span < last`. There is no early exit, so that
/// the loops can be vectorised: a negative number or a wrong order sets the sign bit.
bool valid(const Chunk& chunk, std::size_t first, std::size_t last, unsigned labels) {
  std::uint64_t wrong = 0;
  unsigned most = 0;
  for (std::size_t span = first; span < last; ++span) {
    const auto start = static_cast<std::uint64_t>(chunk.start[span]);
    const auto stop = static_cast<std::uint64_t>(chunk.stop[span]);
    const auto limit = static_cast<std::uint64_t>(chunk.limit[span]);
    wrong |= start | stop | limit | (stop - start) | (limit - stop) | (chunk.size - limit);
  }
  for (std::size_t span = first; span < last; ++span)
    most = std::max<unsigned>(most, chunk.label[span]);
  return wrong >> 63 == 0 && most < labels;
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

void refuse_changed() {
  throw std::invalid_argument(
      "the ids changed while they were counted: another thread or process writes to them; count "
      "again when it has finished, or count a copy");
}

std::vector<Piece> cut(const Chunk& chunk, unsigned labels, std::size_t windows) {
  check_lengths(chunk);
  constexpr std::size_t block = 512;  // spans that are checked and then cut while they are in cache
  const std::size_t spans = chunk.start.size();
  std::vector<Piece> pieces;
  std::size_t room = 0;  // left in the last piece
  for (std::size_t first = 0; first < spans; first += block) {
    const std::size_t last = std::min(first + block, spans);
    if (!valid(chunk, first, last, labels))
      for (std::size_t span = first; span < last; ++span) check_span(chunk, span, labels);
    for (std::size_t span = first; span < last; ++span) {
      auto start = static_cast<std::size_t>(read_once(chunk.start[span]));
      std::size_t left = static_cast<std::size_t>(read_once(chunk.stop[span])) - start;
      if (left > chunk.size) [[unlikely]]
        refuse_changed();
      for (; left > room; room = windows) {
        start += room;
        left -= room;
        pieces.push_back({span, start, windows});
      }
      room -= left;
    }
  }
  if (!pieces.empty()) pieces.back().windows -= room;
  return pieces;
}

}  // namespace collapse_stats::cpu
