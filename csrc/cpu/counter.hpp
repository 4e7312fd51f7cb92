#pragma once

#include <memory>

#include "../counter.hpp"

namespace collapse_stats::cpu {

/// Make a counter that partitions windows into key ranges as they are added, and at the end sorts
/// and scans one key range after another. Each stage has its own file:
///
///     chunk --Block--> records --KeyRangeLists--> key ranges
///           --KeyRangeSplitter--> unsorted leaves --LeafSorter--> sorted leaves
///           --Marks--> LeafScanner (joint spectra)
///                    | LeafStore --> RowEmitter (n-gram table)
///
/// Holds 8 to 16 bytes for each window added: the part of its key below the key range's bits. For
/// order 1 of a vocabulary that is not too large, an array of counts is used instead (see
/// `make_token_counter`).
std::unique_ptr<Counter> make_counter(const CounterConfig& config);

}  // namespace collapse_stats::cpu
