#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "ngram_table.hpp"

namespace collapse_stats {

/// Reads the codes of a row behind its bigram, which are the lowest bits of its key. `Bits` holds
/// them all.
template <class Bits>
class Tail {
 public:
  explicit Tail(const Layout& layout)
      : max_order_(layout.max_order),
        code_bits_(layout.code_bits),
        code_mask_(static_cast<std::uint64_t>(low_mask(layout.code_bits))),
        mask_(static_cast<Bits>(low_mask(layout.rest_bits))) {
    for (unsigned bit = 0; bit < max_key_bits; ++bit) below_[bit] = bit / layout.code_bits;
  }

  Bits of(const NgramTableView& table, std::size_t row, const Layout& layout) const {
    if constexpr (std::is_same_v<Bits, std::uint64_t>)
      return table.keys[(layout.words - 1) * table.key_stride + row] & mask_;
    else
      return table.key(row, layout) & mask_;
  }

  /// The order of the longest n-gram that a row begins with: the end of a document is a symbol.
  unsigned longest(Bits rest) const {
    if (rest == 0) return 3;
    return std::min(max_order_ - below_[trailing_zeros(rest)] + 1, max_order_);
  }

  /// The order of the shortest n-gram in which two rows of a bigram differ.
  unsigned shortest(Bits rest, Bits before) const {
    return max_order_ - below_[max_key_bits - 1 - leading_zeros(rest ^ before, max_key_bits)];
  }

  std::uint64_t code(Bits rest, unsigned order) const {
    return static_cast<std::uint64_t>(rest >> (max_order_ - order) * code_bits_) & code_mask_;
  }

 private:
  unsigned max_order_, code_bits_;
  std::uint64_t code_mask_;
  Bits mask_;
  std::array<unsigned, max_key_bits> below_;  // how many whole codes lie below a bit
};

}  // namespace collapse_stats
