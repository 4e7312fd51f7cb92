#include "ids.hpp"

#include <algorithm>
#include <atomic>
#include <limits>
#include <stdexcept>
#include <string>
#include <type_traits>

#include "parallel.hpp"

namespace collapse_stats::cpu {
namespace {

constexpr std::size_t part = std::size_t{1} << 20;  // tokens that one thread looks at

template <class Visit>
decltype(auto) with_tokens(const Chunk& chunk, Visit visit) {
  switch (chunk.type) {
    case TokenType::u8: return visit(static_cast<const std::uint8_t*>(chunk.tokens));
    case TokenType::u16: return visit(static_cast<const std::uint16_t*>(chunk.tokens));
    case TokenType::u32: return visit(static_cast<const std::uint32_t*>(chunk.tokens));
    case TokenType::u64: return visit(static_cast<const std::uint64_t*>(chunk.tokens));
    case TokenType::i8: return visit(static_cast<const std::int8_t*>(chunk.tokens));
    case TokenType::i16: return visit(static_cast<const std::int16_t*>(chunk.tokens));
    case TokenType::i32: return visit(static_cast<const std::int32_t*>(chunk.tokens));
    default: return visit(static_cast<const std::int64_t*>(chunk.tokens));
  }
}

/// The largest of `size` ids; negative ones are larger than all others.
template <class Token>
std::make_unsigned_t<Token> largest(const Token* tokens, std::size_t size) {
  std::make_unsigned_t<Token> most = 0;
  for (std::size_t i = 0; i < size; ++i)
    most = std::max(most, static_cast<std::make_unsigned_t<Token>>(tokens[i]));
  return most;
}

std::string with_commas(std::uint64_t value) {
  std::string digits = std::to_string(value);
  for (std::size_t at = digits.size(); at > 3; at -= 3) digits.insert(at - 3, ",");
  return digits;
}

}  // namespace

bool all_ids_valid(const Chunk& chunk, const Layout& layout, unsigned threads) {
  return with_tokens(chunk, [&]<class Token>(const Token* tokens) {
    using Unsigned = std::make_unsigned_t<Token>;
    if (std::is_unsigned_v<Token> && std::numeric_limits<Unsigned>::max() < layout.vocab_size)
      return true;
    // A negative id must stay above the vocabulary where its type is narrower than the vocabulary.
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

void check_ids(const Chunk& chunk, const Piece& piece, const Layout& layout) {
  with_tokens(chunk, [&](const auto* tokens) {
    std::size_t span = piece.span;
    std::size_t start = piece.start;
    for (std::size_t left = piece.windows; left > 0;) {
      const auto stop = static_cast<std::size_t>(chunk.stop[span]);
      const auto limit = static_cast<std::size_t>(chunk.limit[span]);
      const std::size_t windows = std::min(left, stop - start);
      const std::size_t last =
          windows == 0 ? start : std::min(start + windows + layout.max_order - 1, limit);
      for (std::size_t i = start; i < last; ++i)
        if (static_cast<std::uint64_t>(tokens[i]) >= layout.vocab_size)  // negative: huge
          throw std::invalid_argument("token id " + std::to_string(tokens[i]) + " at position " +
                                      std::to_string(i) + " is outside the vocabulary of " +
                                      with_commas(layout.vocab_size) +
                                      ": give the right vocabulary size or tokenizer");
      left -= windows;
      if (left > 0) start = static_cast<std::size_t>(chunk.start[++span]);
    }
  });
}

}  // namespace collapse_stats::cpu
