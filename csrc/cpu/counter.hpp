#pragma once

#include <memory>

#include "../counter.hpp"

namespace collapse_stats::cpu {

/// Counter that partitions windows into key ranges as they come, and sorts and scans key range
/// after key range at the end; every stage is a file:
///
///     chunk --Block--> records --KeyRangeLists--> key ranges --KeyRangeSplitter--> leaves,
///     unsorted
///           --LeafSorter--> leaves, ascending --Marks--> LeafScanner (tables)
///                                                       | LeafStore --> RowEmitter (rows)
///
/// Holds 8 to 16 bytes for each window taken in: what is left of its key below the key range. Order
/// 1 of a vocabulary that is not too large is a table of counts instead (`make_token_counter`).
std::unique_ptr<Counter> make_counter(const CounterConfig& config);

}  // namespace collapse_stats::cpu
