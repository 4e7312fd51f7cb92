#pragma once

#include <cstddef>
#include <cstdint>

namespace collapse_stats::cpu {

/// `sort64` on several threads, for arrays that are too large for one. Values are moved to parts
/// whose bounds are taken from a sample, then the parts are sorted. Compared with `sort64`, each
/// value's part is found twice and each value is copied back, which the threads share as well.
/// `scratch` has room for `size` values.
void sort64_parallel(std::uint64_t* values, std::uint64_t* scratch, std::size_t size,
                     unsigned threads);

}  // namespace collapse_stats::cpu
