#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>

#include "bits.hpp"

/// How a window of tokens becomes an integer key, and back.
/// `python/collapse_stats/ngrams/layout.py` has the same rules in Python.
namespace collapse_stats {

/// A packed window, right-aligned. Tables store it as one or two 64-bit words.
__extension__ typedef unsigned __int128 Key;

using Count = std::uint64_t;

constexpr unsigned max_key_bits = 128;
constexpr unsigned max_key_range_bits = 10;
constexpr unsigned max_labels = 8;  // two tables with four labels each

/// The factor used in mixing; it is odd, so that the multiplication can be undone.
constexpr std::uint64_t mix_multiplier = 0x9E3779B97F4A7C15;

/// The inverse of the factor, modulo any power of two up to 2**128.
constexpr Key mix_multiplier_inverse = [] {
  Key inverse = mix_multiplier;  // correct in 3 bits; every step doubles the number
  for (int step = 0; step < 6; ++step) inverse *= 2 - mix_multiplier * inverse;
  return inverse;
}();

constexpr Key low_mask(unsigned bits) { return bits >= 128 ? ~Key{0} : (Key{1} << bits) - 1; }

/// Number of zero bits above the highest set bit of a `width`-bit number; `width` for zero.
constexpr unsigned leading_zeros(Key value, unsigned width) {
  const auto high = static_cast<std::uint64_t>(value >> 64);
  const auto low = static_cast<std::uint64_t>(value);
  return width - (high != 0 ? 64 + bit_width(high) : bit_width(low));
}

/// Number of zero bits below the lowest set bit; `value` must not be zero.
constexpr unsigned trailing_zeros(Key value) {
  const auto low = static_cast<std::uint64_t>(value);
  const auto high = static_cast<std::uint64_t>(value >> 64);
  return low != 0 ? count_zeros_below(low) : 64 + count_zeros_below(high);
}

/// The meaning of keys and counts. A token t is coded as t + 1 in `code_bits` bits; the code 0
/// means "past the document's end". A key consists of `max_order` codes, the first token's on top.
/// Its leading bigram (the top `mix_bits`) is mixed by a bijection, so that the top bits are spread
/// evenly whatever the text.
struct Layout {
  std::uint64_t vocab_size;
  unsigned max_order;
  unsigned labels;

  unsigned code_bits;
  unsigned key_bits;
  unsigned mix_bits;        ///< of the leading bigram; of the only token if max_order is 1
  unsigned rest_bits;       ///< of the codes below it
  unsigned key_range_bits;  ///< number of top key bits that select the key range
  unsigned label_bits;
  unsigned words;  ///< number of 64-bit words of a key

  /// Throws std::invalid_argument if a key would not fit into 128 bits.
  constexpr Layout(std::uint64_t vocabulary, unsigned order, unsigned number_of_labels)
      : vocab_size(vocabulary),
        max_order(order),
        labels(number_of_labels),
        code_bits(bit_width(vocabulary)),
        key_bits(order * code_bits),
        mix_bits((order < 2 ? order : 2) * code_bits),
        rest_bits(key_bits - mix_bits),
        key_range_bits(mix_bits < max_key_range_bits ? mix_bits : max_key_range_bits),
        label_bits(bit_width(number_of_labels - 1)),
        words(key_bits <= 64 ? 1 : 2) {
    if (vocabulary < 1 || vocabulary > std::uint64_t{1} << 32)
      throw std::invalid_argument("vocab_size must be between 1 and 2**32, got " +
                                  std::to_string(vocabulary));
    if (order < 1 || order > max_key_bits / code_bits)
      throw std::invalid_argument("max_order must be between 1 and " +
                                  std::to_string(max_key_bits / code_bits) + ", got " +
                                  std::to_string(order));
    if (number_of_labels < 1 || number_of_labels > max_labels)
      throw std::invalid_argument("labels must be between 1 and 8, got " +
                                  std::to_string(number_of_labels));
  }

  constexpr unsigned key_ranges() const { return 1U << key_range_bits; }

  constexpr unsigned key_range_of(Key mixed) const {
    return static_cast<unsigned>(mixed >> (key_bits - key_range_bits));
  }

  /// The key of the codes packed into `plain`.
  constexpr Key mix(Key plain) const {
    return mix_top(plain >> rest_bits) << rest_bits | (plain & low_mask(rest_bits));
  }

  /// The mixed bigram of two codes.
  constexpr Key mix_top(Key top) const {
    return ((top ^ top >> mix_shift()) * mix_multiplier) & low_mask(mix_bits);
  }

  /// The codes packed into a key; the inverse of `mix`.
  constexpr Key unmix(Key mixed) const {
    return unmix_top(mixed >> rest_bits) << rest_bits | (mixed & low_mask(rest_bits));
  }

  /// The two codes of a mixed bigram.
  constexpr Key unmix_top(Key mixed) const {
    Key top = (mixed * mix_multiplier_inverse) & low_mask(mix_bits);
    return top ^ top >> mix_shift();  // its own inverse, as the shift is at least half the width
  }

  /// The first token of a key's window.
  constexpr std::uint64_t first_token(Key mixed) const {
    return static_cast<std::uint64_t>(unmix(mixed) >> (key_bits - code_bits)) - 1;
  }

  /// Number of tokens before the document's end, 1 to max_order.
  constexpr unsigned length(Key mixed) const {
    if (rest_bits > 0 && (mixed & low_mask(code_bits)) != 0) return max_order;
    Key codes = mixed & low_mask(rest_bits);
    if (codes == 0) codes = unmix(mixed);
    return max_order - trailing_zeros(codes) / code_bits;
  }

  /// Mixing folds the bigram's upper bits into the lower ones, so the shift is at least half the
  /// width.
  constexpr unsigned mix_shift() const { return max_order == 1 ? (code_bits + 1) / 2 : code_bits; }
};

}  // namespace collapse_stats
