#pragma once

#include "../chunk.hpp"
#include "../key.hpp"
#include "piece.hpp"

namespace collapse_stats::cpu {

/// Whether every token of a chunk, in a document or not, is an id below `vocab_size`: 0.1 ns per
/// token, nothing where the type cannot hold more.
bool all_ids_valid(const Chunk& chunk, const Layout& layout, unsigned threads);

/// Throws std::invalid_argument naming the first id outside the vocabulary that the piece's windows
/// begin with or reach, and its position.
void check_ids(const Chunk& chunk, const Piece& piece, const Layout& layout);

}  // namespace collapse_stats::cpu
