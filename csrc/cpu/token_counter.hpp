#pragma once

#include <memory>

#include "../counter.hpp"

namespace collapse_stats::cpu {

/// Whether an array has room for the counts of all tokens, so that order 1 needs no sort.
constexpr bool counts_single_tokens(const Layout& layout) {
  constexpr std::uint64_t largest_vocabulary = std::uint64_t{1} << 18;
  return layout.max_order == 1 && layout.vocab_size <= largest_vocabulary;
}

/// Make a counter for such a layout. Each thread has one array with the counts of every token under
/// every label. Costs 0.8 ns per token of text, 0.5 if all tokens are equal, bound by the
/// increments, and 16 bytes per thread, token of the vocabulary and label.
std::unique_ptr<Counter> make_token_counter(const CounterConfig& config);

}  // namespace collapse_stats::cpu
