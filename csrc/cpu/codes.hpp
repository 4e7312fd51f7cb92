#pragma once

#include <cstddef>
#include <cstdint>

#include "../chunk.hpp"

namespace collapse_stats::cpu {

/// Writes the codes of `tokens[first : first + number]` to `out`. Throws std::invalid_argument
/// naming the first id that lies outside the vocabulary, and its position.
void load_codes(const Chunk& chunk, std::size_t first, std::size_t number, std::uint64_t vocab_size,
                std::uint64_t* out);

}  // namespace collapse_stats::cpu
