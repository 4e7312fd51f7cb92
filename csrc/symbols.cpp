#include "symbols.hpp"

#include <algorithm>
#include <memory>

#include "cpu/sort64_parallel.hpp"

namespace collapse_stats {
namespace {

constexpr unsigned most_code_bits = 24;  // of a vocabulary that is looked up in an array

}  // namespace

Symbols::Symbols(const Layout& layout, std::uint64_t* codes, std::size_t size, unsigned threads) {
  if (layout.code_bits <= most_code_bits) {
    of_code_.resize(std::size_t{1} << layout.code_bits, unknown);
    for (std::size_t i = 0; i < size; ++i) of_code_[codes[i]] = first_token;
    for (std::size_t code = 1; code < of_code_.size(); ++code) {
      if (of_code_[code] == unknown) continue;
      of_code_[code] = begin();
      ids_.push_back(static_cast<std::uint32_t>(code - 1));
    }
    return;
  }
  const auto scratch = std::make_unique_for_overwrite<std::uint64_t[]>(size);
  cpu::sort64_parallel(codes, scratch.get(), size, threads);
  const std::uint64_t* const last = std::unique(codes, codes + size);
  for (; codes != last; ++codes)
    if (*codes != 0) ids_.push_back(static_cast<std::uint32_t>(*codes - 1));
}

std::uint32_t Symbols::searched(std::uint64_t code) const {
  const auto place = std::lower_bound(ids_.begin(), ids_.end(), code - 1);
  if (place == ids_.end() || *place != code - 1) return unknown;
  return first_token + static_cast<std::uint32_t>(place - ids_.begin());
}

}  // namespace collapse_stats
