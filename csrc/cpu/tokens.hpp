#pragma once

#include "../chunk.hpp"

namespace collapse_stats::cpu {

/// Call `visit(tokens)` with a pointer of the chunk's token type.
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

}  // namespace collapse_stats::cpu
