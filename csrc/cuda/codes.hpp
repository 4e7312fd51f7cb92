#pragma once

#include "cuda/api.hpp"
#include "device.cuh"

/// Comparing keys code by code.
namespace collapse_stats::cuda {

/// What words mean that hold a key, and below it `spare` bits of something else.
template <class Word>
struct Codes {
  Layout layout;
  unsigned spare;
  unsigned width;    // of key and spare bits
  unsigned whole;    // shortest prefix that mixing keeps
  unsigned inverse;  // bits * inverse >> 16 = bits / code_bits, for up to 128 bits

  Codes(const Layout& meaning, unsigned spare_bits)
      : layout(meaning),
        spare(spare_bits),
        width(meaning.key_bits + spare_bits),
        whole(meaning.max_order < 2 ? 1 : 2),
        inverse((1U << 16) / meaning.code_bits + 1) {}

  DEVICE Key key(Word word) const { return Key{word} >> spare; }

  /// Leading codes that two windows share, zeros past their ends among them; 0 if only one.
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
