#pragma once

#include "cuda/api.hpp"
#include "device.cuh"

/// Comparing keys code by code.
namespace collapse_stats::cuda {

/// The format of words that hold a key and below it `spare` other bits.
template <class Word>
struct Codes {
  Layout layout;
  unsigned spare;
  unsigned width;    // bits of key and spare bits together
  unsigned whole;    // shortest prefix that can be compared after mixing
  unsigned inverse;  // bits * inverse >> 16 = bits / code_bits, for up to 128 bits

  Codes(const Layout& meaning, unsigned spare_bits)
      : layout(meaning),
        spare(spare_bits),
        width(meaning.key_bits + spare_bits),
        whole(meaning.max_order < 2 ? 1 : 2),
        inverse((1U << 16) / meaning.code_bits + 1) {}

  DEVICE Key key(Word word) const { return Key{word} >> spare; }

  /// Number of leading codes that two windows share, including the zeros past their ends; 0 if it
  /// is only one and the leading bigram is mixed.
  DEVICE unsigned shared(Word left, Word right) const {
    const unsigned codes =
        leading_zeros(Key{static_cast<Word>(left ^ right)}, width) * inverse >> 16;
    if (codes >= layout.max_order) return layout.max_order;
    return codes < whole ? 0 : codes;
  }

  DEVICE unsigned length(Word word) const { return layout.length(key(word)); }
  DEVICE std::uint64_t first_token(Word word) const { return layout.first_token(key(word)); }
};

}  // namespace collapse_stats::cuda
