#include "ids.hpp"

#include <algorithm>
#include <atomic>
#include <limits>
#include <stdexcept>
#include <string>
#include <type_traits>

#include "parallel.hpp"
#include "tokens.hpp"

namespace collapse_stats::cpu {
namespace {

constexpr std::size_t part = std::size_t{1} << 20;  // tokens per task

/// The largest of `size` ids as unsigned numbers, so that negative ids are larger than all others.
template <class Token>
std::make_unsigned_t<Token> largest(const Token* tokens, std::size_t size) {
  std::make_unsigned_t<Token> most = 0;
  for (std::size_t i = 0; i < size; ++i)
    most = std::max(most, static_cast<std::make_unsigned_t<Token>>(tokens[i]));
  return most;
}

std::string with_commas(std::uint64_t value) {
  std::string digits = std::to_string(value);
  for (std::size_t at = digits.size(); at > 3; at -= 3) digits.insert(at - 3, 1, ',');
  return digits;
}

/// Whether every token of a chunk, inside or outside documents, is an id below `vocab_size`.
bool all_ids_valid(const Chunk& chunk, const Layout& layout, unsigned threads) {
  return with_tokens(chunk, [&]<class Token>(const Token* tokens) {
    using Unsigned = std::make_unsigned_t<Token>;
    if (std::is_unsigned_v<Token> && std::numeric_limits<Unsigned>::max() < layout.vocab_size)
      return true;
    // Negative ids must exceed the bound even if their type is narrower than the vocabulary.
    const auto last = static_cast<std::uint64_t>(std::numeric_limits<Token>::max());
    const std::uint64_t bound = std::min(layout.vocab_size - 1, last);
    std::atomic<bool> valid{true};
    parallel_for((chunk.size + part - 1) / part, threads, [&](std::size_t task, unsigned) {
      const std::size_t first = task * part;
      if (largest(tokens + first, std::min(part, chunk.size - first)) > bound) valid = false;
    });
    return valid.load();
  });
}

/// Throws if a window of the piece begins with or reaches an id outside the vocabulary.
void check_piece(const Chunk& chunk, const Piece& piece, const Layout& layout) {
  with_tokens(chunk, [&](const auto* tokens) {
    std::size_t span = piece.span;
    std::size_t start = piece.start;
    for (std::size_t left = piece.windows; left > 0;) {
      const auto [stop, limit, label] = span_at(chunk, span, start, layout.labels);
      const std::size_t windows = std::min(left, stop - start);
      const std::size_t last =
          windows == 0 ? start : std::min(start + windows + layout.max_order - 1, limit);
      for (std::size_t i = start; i < last; ++i)
        if (static_cast<std::uint64_t>(tokens[i]) >= layout.vocab_size)  // negative ids become huge
          throw outside_vocabulary(std::to_string(tokens[i]), i, layout.vocab_size);
      left -= windows;
      if (left > 0) start = start_of(chunk, ++span);
    }
  });
}

}  // namespace

std::invalid_argument outside_vocabulary(const std::string& id, std::size_t position,
                                         std::uint64_t vocab_size) {
  return std::invalid_argument(
      "token id " + id + " at position " + std::to_string(position) +
      " is outside the vocabulary of " + with_commas(vocab_size) +
      ": give the right vocab_size or tokenizer, or mask the position");
}

void check_ids(const Chunk& chunk, std::span<const Piece> pieces, const Layout& layout,
               unsigned threads) {
  if (all_ids_valid(chunk, layout, threads)) return;
  parallel_for(pieces.size(), threads,
               [&](std::size_t piece, unsigned) { check_piece(chunk, pieces[piece], layout); });
}

}  // namespace collapse_stats::cpu
