#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "key.hpp"

namespace collapse_stats {

/// What models are made of: the tokens that occur, numbered in the order of their ids, and begin
/// and end of a document. `python/collapse_stats/ngrams/links.py` has the same numbers.
class Symbols {
 public:
  static constexpr std::uint32_t unknown = 0;
  static constexpr std::uint32_t end = 1;
  static constexpr std::uint32_t first_token = 2;

  Symbols() = default;

  /// Number the tokens of `size` codes; `codes` is overwritten.
  Symbols(const Layout& layout, std::uint64_t* codes, std::size_t size, unsigned threads);

  const std::vector<std::uint32_t>& ids() const { return ids_; }

  /// The symbol before the first token of a document.
  std::uint32_t begin() const { return first_token + static_cast<std::uint32_t>(ids_.size()); }

  /// How many symbols there are: every symbol lies below this.
  std::size_t number() const { return std::size_t{begin()} + 1; }

  /// The symbol of a code below `2**code_bits`; `unknown` for a token that does not occur.
  std::uint32_t of_code(std::uint64_t code) const {
    if (code == 0) return end;
    return of_code_.empty() ? searched(code) : of_code_[code];
  }

 private:
  std::uint32_t searched(std::uint64_t code) const;

  std::vector<std::uint32_t> ids_;
  std::vector<std::uint32_t> of_code_;  // empty for a large vocabulary
};

}  // namespace collapse_stats
