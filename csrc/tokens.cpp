#include "tokens.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>
#include <string>

#include "cpu/instruction_set.hpp"

namespace collapse_stats {
namespace {

constexpr std::size_t block_rows = 512;

/// One word of the key, or one code, for every row of a block.
using Words = std::array<std::uint64_t, block_rows>;

/// Numbers of up to 128 bits: keys, or mixed bigrams.
struct Wide {
  Words high, low;
};

COLLAPSE_STATS_INLINE void unmix(const Layout& layout, const Wide& mixed, std::size_t rows,
                                 Words& first, Words& second) {
  if (layout.mix_bits > 64) {
    for (std::size_t row = 0; row < rows; ++row) {
      const Key top = layout.unmix_top(Key{mixed.high[row]} << 64 | mixed.low[row]);
      first[row] = static_cast<std::uint64_t>(top >> layout.code_bits);
      second[row] = static_cast<std::uint64_t>(top & low_mask(layout.code_bits));
    }
    return;
  }
  const auto inverse = static_cast<std::uint64_t>(mix_multiplier_inverse);
  const auto mask = static_cast<std::uint64_t>(low_mask(layout.mix_bits));
  const auto code_mask = static_cast<std::uint64_t>(low_mask(layout.code_bits));
  const unsigned shift = layout.mix_shift();
  const unsigned code_bits = layout.max_order == 1 ? 0 : layout.code_bits;
  for (std::size_t row = 0; row < rows; ++row) {
    std::uint64_t top = (mixed.low[row] * inverse) & mask;
    top ^= top >> shift;
    first[row] = top >> code_bits;
    second[row] = top & code_mask;
  }
}

/// Mix the bigrams, or the unigrams if 1 is the longest order.
COLLAPSE_STATS_INLINE void mix(const Layout& layout, const Words& first, const Words* second,
                               std::size_t rows, Wide& mixed) {
  if (layout.mix_bits > 64) {
    for (std::size_t row = 0; row < rows; ++row) {
      const Key top = layout.mix_top(Key{first[row]} << layout.code_bits | (*second)[row]);
      mixed.high[row] = static_cast<std::uint64_t>(top >> 64);
      mixed.low[row] = static_cast<std::uint64_t>(top);
    }
    return;
  }
  const auto mask = static_cast<std::uint64_t>(low_mask(layout.mix_bits));
  const unsigned shift = layout.mix_shift();
  mixed.high.fill(0);
  for (std::size_t row = 0; row < rows; ++row) {
    std::uint64_t top = first[row];
    if (second != nullptr) top = top << layout.code_bits | (*second)[row];
    mixed.low[row] = ((top ^ top >> shift) * mix_multiplier) & mask;
  }
}

/// Write the ids of a block, which begins at a multiple of 512 rows.
COLLAPSE_STATS_INLINE void write(const Words& codes, std::size_t first, std::size_t rows,
                                 TokenColumn& column) {
  std::size_t missing = 0;
  for (std::size_t row = 0; row < rows; ++row) {
    column.ids[first + row] = static_cast<std::uint32_t>(codes[row] - 1);
    missing += codes[row] == 0;
  }
  std::uint8_t* const present = column.present + first / 8;
  const std::size_t bytes = (rows + 7) / 8;
  column.missing += missing;
  std::fill_n(present, bytes, missing == 0 ? 0xFF : 0);
  if (missing == 0) return;
  for (std::size_t row = 0; row < rows; ++row)
    present[row / 8] = static_cast<std::uint8_t>(present[row / 8] | (codes[row] != 0) << row % 8);
}

COLLAPSE_STATS_INLINE void read(const TokenView& column, std::size_t first, std::size_t rows,
                                Words& codes) {
  for (std::size_t row = 0; row < rows; ++row)
    codes[row] = std::uint64_t{column.ids[first + row]} + 1;
  if (column.present == nullptr) return;
  for (std::size_t row = 0; row < rows; row += 8) {
    const std::size_t bit = column.first_bit + first + row;
    if (bit % 8 == 0 && column.present[bit / 8] == 0xFF) continue;
    for (std::size_t i = 0; i < std::min<std::size_t>(8, rows - row); ++i)
      if ((column.present[(bit + i) / 8] >> (bit + i) % 8 & 1) == 0) codes[row + i] = 0;
  }
}

/// Append codes below the codes that the keys have so far.
COLLAPSE_STATS_INLINE void append(const Layout& layout, const Words& codes, std::size_t rows,
                                  Wide& keys) {
  const unsigned bits = layout.code_bits;
  if (layout.words == 2)
    for (std::size_t row = 0; row < rows; ++row)
      keys.high[row] = keys.high[row] << bits | keys.low[row] >> (64 - bits);
  for (std::size_t row = 0; row < rows; ++row) keys.low[row] = keys.low[row] << bits | codes[row];
}

/// Remove the lowest codes from the keys.
COLLAPSE_STATS_INLINE void split_off(const Layout& layout, std::size_t rows, Wide& keys,
                                     Words& codes) {
  const unsigned bits = layout.code_bits;
  const auto mask = static_cast<std::uint64_t>(low_mask(bits));
  for (std::size_t row = 0; row < rows; ++row) {
    codes[row] = keys.low[row] & mask;
    keys.low[row] >>= bits;
  }
  if (layout.words == 1) return;
  for (std::size_t row = 0; row < rows; ++row) {
    keys.low[row] |= keys.high[row] << (64 - bits);
    keys.high[row] >>= bits;
  }
}

/// Whether every code is in the vocabulary and none follows a missing token; the first token of a
/// row must be present. Codes have at most 33 bits, so the sign of a difference says which is
/// larger.
COLLAPSE_STATS_INLINE bool valid(const Layout& layout, const Words& codes, const Words* before,
                                 std::size_t rows) {
  const std::uint64_t vocab_size = layout.vocab_size;
  std::uint64_t wrong = 0;
  if (before == nullptr)
    for (std::size_t row = 0; row < rows; ++row)
      wrong |= (vocab_size - codes[row]) | (codes[row] - 1);
  else
    for (std::size_t row = 0; row < rows; ++row)
      wrong |= (vocab_size - codes[row]) | (((*before)[row] - 1) & (0 - codes[row]));
  return wrong >> 63 == 0;
}

[[noreturn]] void refuse(const Layout& layout, const Words& codes, std::size_t first,
                         std::size_t rows) {
  const auto end = codes.begin() + static_cast<std::ptrdiff_t>(rows);
  const auto wrong = std::find_if(codes.begin(), end,
                                  [&](std::uint64_t code) { return code > layout.vocab_size; });
  if (wrong != end)
    throw std::invalid_argument("token id " + std::to_string(*wrong - 1) +
                                " is outside the vocabulary of " +
                                std::to_string(layout.vocab_size));
  throw std::invalid_argument("a row has a token behind one that is missing, at or after row " +
                              std::to_string(first));
}

void check_order(const KeyColumns& keys, std::size_t first, std::size_t end) {
  const std::size_t begin = std::max<std::size_t>(first, 1);
  if (!ascends(keys.high, keys.low, begin, end))
    throw std::invalid_argument("rows are out of order at or after row " + std::to_string(begin));
}

COLLAPSE_STATS_INLINE void unpack_blocks(const Layout& layout, const Rows& rows,
                                         std::span<TokenColumn> columns) {
  Wide keys{};
  Words codes, first_codes;
  for (std::size_t first = 0; first < rows.size; first += block_rows) {
    const std::size_t size = std::min(block_rows, rows.size - first);
    if (layout.words == 2) std::copy_n(rows.high + first, size, keys.high.data());
    std::copy_n(rows.low + first, size, keys.low.data());
    for (std::size_t position = layout.max_order; position-- > 2;) {
      split_off(layout, size, keys, codes);
      write(codes, first, size, columns[position]);
    }
    unmix(layout, keys, size, first_codes, codes);
    write(first_codes, first, size, columns[0]);
    if (layout.max_order > 1) write(codes, first, size, columns[1]);
  }
}

COLLAPSE_STATS_INLINE void pack_blocks(const Layout& layout, std::span<const TokenView> columns,
                                       std::size_t rows, KeyColumns keys) {
  Wide packed{};
  std::array<Words, 2> codes{};  // codes of this position and of the one before
  for (std::size_t first = 0; first < rows; first += block_rows) {
    const std::size_t size = std::min(block_rows, rows - first);
    for (std::size_t position = 0; position < layout.max_order; ++position) {
      Words& these = codes[position % 2];
      const Words* const before = position == 0 ? nullptr : &codes[1 - position % 2];
      read(columns[position], first, size, these);
      if (!valid(layout, these, before, size)) refuse(layout, these, first, size);
      if (position > 1) append(layout, these, size, packed);
      if (position == 1) mix(layout, *before, &these, size, packed);
      if (layout.max_order == 1) mix(layout, these, nullptr, size, packed);
    }
    if (keys.high != nullptr) std::copy_n(packed.high.data(), size, keys.high + first);
    std::copy_n(packed.low.data(), size, keys.low + first);
    check_order(keys, first, first + size);
  }
}

#if defined(__x86_64__)
COLLAPSE_STATS_AVX512 void unpack_avx512(const Layout& layout, const Rows& rows,
                                         std::span<TokenColumn> columns) {
  unpack_blocks(layout, rows, columns);
}

COLLAPSE_STATS_AVX2 void unpack_avx2(const Layout& layout, const Rows& rows,
                                     std::span<TokenColumn> columns) {
  unpack_blocks(layout, rows, columns);
}

COLLAPSE_STATS_AVX512 void pack_avx512(const Layout& layout, std::span<const TokenView> columns,
                                       std::size_t rows, KeyColumns keys) {
  pack_blocks(layout, columns, rows, keys);
}

COLLAPSE_STATS_AVX2 void pack_avx2(const Layout& layout, std::span<const TokenView> columns,
                                   std::size_t rows, KeyColumns keys) {
  pack_blocks(layout, columns, rows, keys);
}
#endif

}  // namespace

void unpack(const Layout& layout, const Rows& rows, std::span<TokenColumn> columns) {
#if defined(__x86_64__)
  if (cpu::instruction_set() == cpu::InstructionSet::avx512)
    return unpack_avx512(layout, rows, columns);
  if (cpu::instruction_set() == cpu::InstructionSet::avx2)
    return unpack_avx2(layout, rows, columns);
#endif
  unpack_blocks(layout, rows, columns);
}

void pack(const Layout& layout, std::span<const TokenView> columns, std::size_t rows,
          KeyColumns keys) {
#if defined(__x86_64__)
  if (cpu::instruction_set() == cpu::InstructionSet::avx512)
    return pack_avx512(layout, columns, rows, keys);
  if (cpu::instruction_set() == cpu::InstructionSet::avx2)
    return pack_avx2(layout, columns, rows, keys);
#endif
  pack_blocks(layout, columns, rows, keys);
}

}  // namespace collapse_stats
