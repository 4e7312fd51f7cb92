#pragma once

#include <memory>

#include "../counter.hpp"

namespace collapse_stats::cpu {

/// Whether a table of counts has room for every token: order 1 then needs no sort.
constexpr bool counts_single_tokens(const Layout& layout) {
  constexpr std::uint64_t largest_vocabulary = std::uint64_t{1} << 18;
  return layout.max_order == 1 && layout.vocab_size <= largest_vocabulary;
}

/// Counter of such a layout: a table for each thread, of every token under every label. 0.8 ns per
/// token of text, 0.5 if all are equal, bound by the increments; 16 bytes for each thread, token of
/// the vocabulary and label.
std::unique_ptr<Counter> make_token_counter(const CounterConfig& config);

}  // namespace collapse_stats::cpu
