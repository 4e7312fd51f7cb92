#pragma once

#include <memory>

#include "../counter.hpp"

namespace collapse_stats::cpu {

/// Counter that partitions windows by shard as they come and sorts shard after shard at the end.
/// Holds 8 bytes for each window taken in, 16 if what is left of its key below the shard does not
/// fit into 64 bits.
std::unique_ptr<Counter> make_counter(const CounterConfig& config);

}  // namespace collapse_stats::cpu
