#include "block.hpp"

#include <algorithm>
#include <atomic>
#include <limits>
#include <type_traits>

#include "instruction_set.hpp"

namespace collapse_stats::cpu {
namespace {

/// Codes have at most 33 bits, so the sign of a difference says which is larger; negative ids have a
/// sign themselves.
COLLAPSE_STATS_INLINE bool valid(const std::uint64_t* codes, std::size_t number,
                                 std::uint64_t vocab_size) {
  std::uint64_t wrong = 0;
  for (std::size_t i = 0; i < number; ++i) wrong |= (codes[i] - 1) | (vocab_size - codes[i]);
  return wrong >> 63 == 0;
}

template <class Token>
COLLAPSE_STATS_INLINE bool load_tokens(const void* tokens, std::size_t number,
                                       std::uint64_t vocab_size, std::uint64_t* codes) {
  const auto* const from = static_cast<const Token*>(tokens);
  for (std::size_t i = 0; i < number; ++i) codes[i] = static_cast<std::uint64_t>(from[i]) + 1;
  if (std::is_unsigned_v<Token> && std::numeric_limits<Token>::max() < vocab_size) return true;
  std::atomic_signal_fence(std::memory_order_seq_cst);  // what is checked is what was stored
  return valid(codes, number, vocab_size);
}

COLLAPSE_STATS_INLINE bool load(const Chunk& chunk, std::size_t first, std::size_t number,
                                std::uint64_t vocab_size, std::uint64_t* codes) {
#define COLLAPSE_STATS_LOAD(Token) \
  return load_tokens<Token>(static_cast<const Token*>(chunk.tokens) + first, number, vocab_size, \
                            codes)
  switch (chunk.type) {
    case TokenType::u8: COLLAPSE_STATS_LOAD(std::uint8_t);
    case TokenType::u16: COLLAPSE_STATS_LOAD(std::uint16_t);
    case TokenType::u32: COLLAPSE_STATS_LOAD(std::uint32_t);
    case TokenType::u64: COLLAPSE_STATS_LOAD(std::uint64_t);
    case TokenType::i8: COLLAPSE_STATS_LOAD(std::int8_t);
    case TokenType::i16: COLLAPSE_STATS_LOAD(std::int16_t);
    case TokenType::i32: COLLAPSE_STATS_LOAD(std::int32_t);
    default: COLLAPSE_STATS_LOAD(std::int64_t);
  }
#undef COLLAPSE_STATS_LOAD
}

/// Pack rests of `number` codes into one word.
template <unsigned number>
COLLAPSE_STATS_INLINE void pack_rest(const Layout& layout, Block& block) {
  const unsigned bits = layout.code_bits;
  const unsigned label_bits = layout.label_bits;
  const std::uint64_t* const codes = block.codes.data() + 2;
  for (std::size_t i = 0; i < block.size; ++i) {
    std::uint64_t rest = 0;
    for (unsigned code = 0; code < number; ++code) rest = rest << bits | codes[i + code];
    block.rest_low[i] = rest << label_bits;
  }
}

/// Shift the rests left by `bits`, across two words.
COLLAPSE_STATS_INLINE void make_room(unsigned bits, Block& block) {
  for (std::size_t i = 0; i < block.size; ++i) {
    block.rest_high[i] = block.rest_high[i] << bits | block.rest_low[i] >> (64 - bits);
    block.rest_low[i] <<= bits;
  }
}

/// Pack rests of any length, adding one code to all windows at a time.
COLLAPSE_STATS_INLINE void pack_long_rest(const Layout& layout, Block& block) {
  for (std::size_t i = 0; i < block.size; ++i) block.rest_high[i] = block.rest_low[i] = 0;
  for (unsigned order = 2; order < layout.max_order; ++order) {
    const std::uint64_t* const codes = block.codes.data() + order;
    make_room(layout.code_bits, block);
    for (std::size_t i = 0; i < block.size; ++i) block.rest_low[i] |= codes[i];
  }
  if (layout.label_bits > 0) make_room(layout.label_bits, block);
}

COLLAPSE_STATS_INLINE void pack(const Layout& layout, Block& block) {
  if (layout.max_order == 1)
    for (std::size_t i = 0; i < block.size; ++i) block.second[i] = 0;
  else
    for (std::size_t i = 0; i < block.size; ++i) block.second[i] = block.codes[i + 1];
  if (layout.rest_bits + layout.label_bits > 64) return pack_long_rest(layout, block);
  switch (layout.max_order) {
    case 1:
    case 2: return pack_rest<0>(layout, block);
    case 3: return pack_rest<1>(layout, block);
    case 4: return pack_rest<2>(layout, block);
    case 5: return pack_rest<3>(layout, block);
    default: return pack_long_rest(layout, block);
  }
}

/// `Word` must be able to hold a mixed bigram.
template <class Word>
COLLAPSE_STATS_INLINE void mix(const RecordFormat& format, Block& block) {
  const Layout& layout = format.layout;
  const unsigned code_bits = layout.max_order == 1 ? 0 : layout.code_bits;
  const unsigned mix_shift = layout.mix_shift();
  const auto mask = static_cast<Word>(low_mask(layout.mix_bits));
  const std::uint64_t head_mask = low_bits(format.mixed_bits);
  const unsigned head_shift = 63 - format.mixed_bits;  // in two steps: shifting by 64 is undefined
  for (std::size_t i = 0; i < block.size; ++i) {
    Word mixed = static_cast<Word>(block.codes[i]) << code_bits | block.second[i];
    mixed ^= mixed >> mix_shift;
    mixed = (mixed * mix_multiplier) & mask;
    block.key_range[i] = static_cast<std::uint32_t>(mixed >> format.mixed_bits);
    block.head[i] = (static_cast<std::uint64_t>(mixed) & head_mask) << head_shift << 1;
  }
}

/// Add the rests to heads that already contain the mixed bits.
COLLAPSE_STATS_INLINE void cut(const RecordFormat& format, Block& block) {
  const unsigned tail_bits = format.tail_bits;
  const std::uint64_t tail_mask = low_bits(tail_bits);
  if (tail_bits == 0) {
    const unsigned shift = 64 - format.mixed_bits - format.rest_bits;
    if (format.rest_bits == 0) return;
    for (std::size_t i = 0; i < block.size; ++i) block.head[i] |= block.rest_low[i] << shift;
  } else if (format.rest_bits <= 64) {
    const unsigned shift = tail_bits - 1;  // in two steps, as above
    for (std::size_t i = 0; i < block.size; ++i) {
      block.head[i] |= block.rest_low[i] >> shift >> 1;
      block.tail[i] = block.rest_low[i] & tail_mask;
    }
  } else {
    const unsigned right = tail_bits - 1;  // in two steps, as above
    const unsigned left = 64 - tail_bits;
    for (std::size_t i = 0; i < block.size; ++i) {
      block.head[i] |= block.rest_low[i] >> right >> 1 | block.rest_high[i] << left;
      block.tail[i] = block.rest_low[i] & tail_mask;
    }
  }
}

COLLAPSE_STATS_INLINE void records(const RecordFormat& format, Block& block) {
  if (format.layout.mix_bits <= 64)
    mix<std::uint64_t>(format, block);
  else
    mix<Key>(format, block);
  cut(format, block);
}

struct Kernels {
  bool (*load)(const Chunk&, std::size_t, std::size_t, std::uint64_t, std::uint64_t*);
  void (*pack)(const Layout&, Block&);
  void (*records)(const RecordFormat&, Block&);
};

#define COLLAPSE_STATS_KERNELS(target, name)                                                       \
  target bool load_##name(const Chunk& chunk, std::size_t first, std::size_t number,               \
                          std::uint64_t vocab_size, std::uint64_t* codes) {                        \
    return load(chunk, first, number, vocab_size, codes);                                          \
  }                                                                                                \
  target void pack_##name(const Layout& layout, Block& block) { pack(layout, block); }             \
  target void records_##name(const RecordFormat& format, Block& block) { records(format, block); } \
  constexpr Kernels kernels_##name{load_##name, pack_##name, records_##name};

COLLAPSE_STATS_KERNELS(, portable)
#if defined(__x86_64__)
COLLAPSE_STATS_KERNELS(COLLAPSE_STATS_AVX2, avx2)
COLLAPSE_STATS_KERNELS(COLLAPSE_STATS_AVX512, avx512)
#endif
#undef COLLAPSE_STATS_KERNELS

const Kernels& kernels() {
#if defined(__x86_64__)
  static const Kernels& chosen = instruction_set() == InstructionSet::avx512 ? kernels_avx512
                                 : instruction_set() == InstructionSet::avx2 ? kernels_avx2
                                                                             : kernels_portable;
  return chosen;
#else
  return kernels_portable;
#endif
}

}  // namespace

bool load_codes(const Chunk& chunk, std::size_t first, const Layout& layout, Block& block) {
  const std::size_t needed = block.size + layout.max_order - 1;
  const std::size_t known = std::min(needed, chunk.size - first);
  std::fill(block.codes.data() + known, block.codes.data() + needed, 0);
  return kernels().load(chunk, first, known, layout.vocab_size, block.codes.data());
}

bool all_valid(const std::uint64_t* codes, std::size_t number, std::uint64_t vocab_size) {
  return valid(codes, number, vocab_size);
}

void pack_codes(const Layout& layout, Block& block) { kernels().pack(layout, block); }

void make_records(const RecordFormat& format, Block& block) { kernels().records(format, block); }

}  // namespace collapse_stats::cpu
