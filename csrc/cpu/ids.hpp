#pragma once

#include <span>
#include <stdexcept>
#include <string>

#include "../chunk.hpp"
#include "../key.hpp"
#include "piece.hpp"

namespace collapse_stats::cpu {

/// Throws std::invalid_argument with the first id outside the vocabulary that a window of the
/// pieces begins with or reaches, and its position. Costs 0.1 ns per token of the chunk, or nothing
/// where the token type cannot hold an id outside the vocabulary. Only a chunk that contains such
/// an id, inside or outside a document, is read a second time.
void check_ids(const Chunk& chunk, std::span<const Piece> pieces, const Layout& layout,
               unsigned threads);

/// The error to throw for an id outside the vocabulary.
std::invalid_argument outside_vocabulary(const std::string& id, std::size_t position,
                                         std::uint64_t vocab_size);

}  // namespace collapse_stats::cpu
