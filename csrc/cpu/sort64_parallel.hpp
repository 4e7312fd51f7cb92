#pragma once

#include <cstddef>
#include <cstdint>

namespace collapse_stats::cpu {

/// `sort64` by several threads, for what is too large to be left to one: values are moved to parts
/// between values of a sample, then the parts sorted. Finding the part of a value twice and copying
/// it back is what it does more than `sort64`, and that is shared as well; `scratch` has room for
/// `size` values.
void sort64_parallel(std::uint64_t* values, std::uint64_t* scratch, std::size_t size,
                     unsigned threads);

}  // namespace collapse_stats::cpu
