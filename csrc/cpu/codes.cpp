#include "codes.hpp"

#include <stdexcept>
#include <string>

namespace collapse_stats::cpu {
namespace {

std::string with_commas(std::uint64_t value) {
  std::string digits = std::to_string(value);
  for (std::size_t at = digits.size(); at > 3; at -= 3) digits.insert(at - 3, ",");
  return digits;
}

template <class Token>
void load(const Token* tokens, std::size_t first, std::size_t number, std::uint64_t vocab_size,
          std::uint64_t* out) {
  bool outside = false;
  for (std::size_t i = 0; i < number; ++i) {
    const auto id = static_cast<std::uint64_t>(tokens[first + i]);  // negative ids become huge
    outside |= id >= vocab_size;
    out[i] = id + 1;
  }
  if (!outside) return;
  for (std::size_t i = first; i < first + number; ++i)
    if (static_cast<std::uint64_t>(tokens[i]) >= vocab_size)
      throw std::invalid_argument("token id " + std::to_string(tokens[i]) + " at position " +
                                  std::to_string(i) + " is outside the vocabulary of " +
                                  with_commas(vocab_size) +
                                  ": give the right vocabulary size or tokenizer");
}

}  // namespace

void load_codes(const Chunk& chunk, std::size_t first, std::size_t number, std::uint64_t vocab_size,
                std::uint64_t* out) {
  const auto load_as = [&]<class Token>(const Token*) {
    load(static_cast<const Token*>(chunk.tokens), first, number, vocab_size, out);
  };
  switch (chunk.type) {
    case TokenType::u8: return load_as(static_cast<const std::uint8_t*>(nullptr));
    case TokenType::u16: return load_as(static_cast<const std::uint16_t*>(nullptr));
    case TokenType::u32: return load_as(static_cast<const std::uint32_t*>(nullptr));
    case TokenType::u64: return load_as(static_cast<const std::uint64_t*>(nullptr));
    case TokenType::i8: return load_as(static_cast<const std::int8_t*>(nullptr));
    case TokenType::i16: return load_as(static_cast<const std::int16_t*>(nullptr));
    case TokenType::i32: return load_as(static_cast<const std::int32_t*>(nullptr));
    case TokenType::i64: return load_as(static_cast<const std::int64_t*>(nullptr));
  }
}

}  // namespace collapse_stats::cpu
