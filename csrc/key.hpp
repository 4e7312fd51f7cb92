#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>

#include "bits.hpp"

/// How a window of tokens becomes an integer key, and back. The same rules, in Python, are in
/// `python/collapse_stats/ngrams/layout.py`.
namespace collapse_stats {

/// A packed window, right-aligned. Runs store it as one or two 64-bit words.
__extension__ typedef unsigned __int128 Key;

/// How often something was seen.
using Count = std::uint64_t;

constexpr unsigned max_key_bits = 128;
constexpr unsigned max_key_range_bits = 10;
constexpr unsigned max_labels = 8;  // two runs with four labels each

/// What mixing multiplies by: odd, so that it can be undone.
constexpr std::uint64_t mix_multiplier = 0x9E3779B97F4A7C15;

/// Undoes the multiplication modulo any power of two up to 2**128.
constexpr Key mix_multiplier_inverse = [] {
  Key inverse = mix_multiplier;  // right in 3 bits; every step doubles them
  for (int step = 0; step < 6; ++step) inverse *= 2 - mix_multiplier * inverse;
  return inverse;
}();

constexpr Key low_mask(unsigned bits) { return bits >= 128 ? ~Key{0} : (Key{1} << bits) - 1; }

/// Zero bits above the highest set bit of a `width`-bit number; `width` for zero.
constexpr unsigned leading_zeros(Key value, unsigned width) {
  const auto high = static_cast<std::uint64_t>(value >> 64);
  const auto low = static_cast<std::uint64_t>(value);
  return width - (high != 0 ? 64 + bit_width(high) : bit_width(low));
}

/// Zero bits below the lowest set bit; `value` is not zero.
constexpr unsigned trailing_zeros(Key value) {
  const auto low = static_cast<std::uint64_t>(value);
  const auto high = static_cast<std::uint64_t>(value >> 64);
  return low != 0 ? count_zeros_below(low) : 64 + count_zeros_below(high);
}

/// What keys and counts mean. A token t is coded t + 1 in `code_bits` bits; 0 means "past the
/// document's end". A key is `max_order` codes, first token on top, whose leading bigram (the top
/// `mix_bits`) is passed through a bijection so that the top bits spread evenly whatever the text.
struct Layout {
  std::uint64_t vocab_size;
  unsigned max_order;
  unsigned labels;

  unsigned code_bits;
  unsigned key_bits;
  unsigned mix_bits;        ///< the leading bigram; the only token when max_order is 1
  unsigned rest_bits;       ///< the codes below it
  unsigned key_range_bits;  ///< top key bits that name the key range
  unsigned label_bits;
  unsigned words;  ///< 64-bit words that hold a key

  /// Throws std::invalid_argument when a key would not fit into 128 bits.
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

  /// Key of the codes packed into `plain`.
  constexpr Key mix(Key plain) const {
    return mix_top(plain >> rest_bits) << rest_bits | (plain & low_mask(rest_bits));
  }

  /// The mixed bigram of two codes.
  constexpr Key mix_top(Key top) const {
    return ((top ^ top >> mix_shift()) * mix_multiplier) & low_mask(mix_bits);
  }

  /// Codes packed into a key: undoes `mix`.
  constexpr Key unmix(Key mixed) const {
    return unmix_top(mixed >> rest_bits) << rest_bits | (mixed & low_mask(rest_bits));
  }

  /// The codes of a mixed bigram.
  constexpr Key unmix_top(Key mixed) const {
    Key top = (mixed * mix_multiplier_inverse) & low_mask(mix_bits);
    return top ^ top >> mix_shift();  // undoes itself: the shift is at least half the width
  }

  /// First token of a key's window.
  constexpr std::uint64_t first_token(Key mixed) const {
    return static_cast<std::uint64_t>(unmix(mixed) >> (key_bits - code_bits)) - 1;
  }

  /// Tokens before the document's end, 1 to max_order.
  constexpr unsigned length(Key mixed) const {
    if (rest_bits > 0 && (mixed & low_mask(code_bits)) != 0) return max_order;
    Key codes = mixed & low_mask(rest_bits);
    if (codes == 0) codes = unmix(mixed);
    return max_order - trailing_zeros(codes) / code_bits;
  }

  /// Mixing folds the bigram's upper bits into the lower ones: at least half the width.
  constexpr unsigned mix_shift() const { return max_order == 1 ? (code_bits + 1) / 2 : code_bits; }
};

}  // namespace collapse_stats
