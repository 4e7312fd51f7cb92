#pragma once

#include "cuda/planes.hpp"
#include "device.cuh"

/// Reading windows from the tokens.
namespace collapse_stats::cuda {

template <class Id>
struct WindowReader {
  Layout layout;
  const Id* ids;
  std::uint64_t size;
  bool negative;  // whether ids are signed
  Planes planes;
  std::uint64_t* wrong_id;

  DEVICE bool begins(std::uint64_t position) const {
    return position < size && planes.counted(position);
  }

  /// Whether the id at a position is in the vocabulary; if not, note its position.
  template <class Block>
  DEVICE bool check(Block& block, std::uint64_t position) const {
    const std::uint64_t id = ids[position];
    constexpr std::uint64_t sign = std::uint64_t{1} << (8 * sizeof(Id) - 1);
    if (id < layout.vocab_size && !(negative && (id & sign) != 0)) return true;
    block.minimum(wrong_id, position);
    return false;
  }

  /// Codes of the window's tokens from `first` up to, not including, `last`; 0 from `length` on.
  template <class Block>
  DEVICE Key codes(Block& block, std::uint64_t position, unsigned first, unsigned last,
                   unsigned length) const {
    Key codes = 0;
    for (unsigned n = first; n < last; ++n) {
      codes <<= layout.code_bits;
      if (n < length && check(block, position + n)) codes |= Key{ids[position + n]} + 1;
    }
    return codes;
  }
};

/// Call `visit(reader)` with a reader for the type of the ids.
template <class Visit>
void with_reader(const Layout& layout, const Tokens& tokens, std::uint64_t* wrong_id, Visit visit) {
  const auto as = [&]<class Id>(Id, bool negative) {
    visit(WindowReader<Id>{layout, static_cast<const Id*>(tokens.ids), tokens.size, negative,
                           Planes{tokens.planes, plane_words(tokens.size), tokens.label_bits},
                           wrong_id});
  };
  switch (tokens.type) {
    case TokenType::u8:
    case TokenType::i8: return as(std::uint8_t{}, tokens.type == TokenType::i8);
    case TokenType::u16:
    case TokenType::i16: return as(std::uint16_t{}, tokens.type == TokenType::i16);
    case TokenType::u32:
    case TokenType::i32: return as(std::uint32_t{}, tokens.type == TokenType::i32);
    case TokenType::u64:
    case TokenType::i64: return as(std::uint64_t{}, tokens.type == TokenType::i64);
  }
}

}  // namespace collapse_stats::cuda
