#pragma once

#include <span>

#include "../chunk.hpp"
#include "../key.hpp"
#include "piece.hpp"

namespace collapse_stats::cpu {

/// Throws std::invalid_argument naming the first id outside the vocabulary that the windows of the
/// pieces begin with or reach, and its position. 0.1 ns per token of the chunk, nothing where the
/// type cannot hold more; only a chunk that has such an id, in a document or not, is read again.
void check_ids(const Chunk& chunk, std::span<const Piece> pieces, const Layout& layout,
               unsigned threads);

}  // namespace collapse_stats::cpu
