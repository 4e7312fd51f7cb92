#include "sort64_parallel.hpp"

#include <algorithm>
#include <bit>
#include <vector>

#include "parallel.hpp"
#include "sort64.hpp"

namespace collapse_stats::cpu {
namespace {

constexpr std::size_t parts_per_thread = 8;  // balances the work although parts differ in size
constexpr std::size_t sampled_per_part = 64;

/// Values that divide a large array into parts of similar size.
class Splitters {
 public:
  Splitters(const std::uint64_t* values, std::size_t size, std::size_t parts)
      : last_of_part_(parts) {
    std::vector<std::uint64_t> sample(parts * sampled_per_part);
    for (std::size_t i = 0; i < sample.size(); ++i) sample[i] = values[size / sample.size() * i];
    std::sort(sample.begin(), sample.end());
    for (std::size_t part = 0; part < parts; ++part)
      last_of_part_[part] = sample[(part + 1) * sampled_per_part - 1];
  }

  /// The part of a value. Larger values are in the same part or a later one.
  std::size_t part_of(std::uint64_t value) const {
    std::size_t part = 0;
    for (std::size_t half = last_of_part_.size() / 2; half > 0; half /= 2) {
      const bool later = last_of_part_[part + half - 1] < value;
      part += half & (0 - std::size_t{later});  // no branch: it would be mispredicted
    }
    return part;
  }

 private:
  std::vector<std::uint64_t> last_of_part_;  // a power of two of them
};

}  // namespace

void sort64_parallel(std::uint64_t* values, std::uint64_t* scratch, std::size_t size,
                     unsigned threads) {
  const std::size_t parts = std::bit_ceil(parts_per_thread * threads);
  if (threads == 1 || size < parts * sampled_per_part) return sort64(values, scratch, size);
  const Splitters splitters(values, size, parts);

  // The slices of the input are counted and moved independently.
  const std::size_t slices = threads;
  const auto begin_of = [&](std::size_t slice) { return size / slices * slice; };
  const auto end_of = [&](std::size_t slice) {
    return slice + 1 == slices ? size : begin_of(slice + 1);
  };
  std::vector<std::vector<std::size_t>> next(slices, std::vector<std::size_t>(parts, 0));
  parallel_for(slices, threads, [&](std::size_t slice, unsigned) {
    std::vector<std::size_t>& numbers = next[slice];
    for (std::size_t i = begin_of(slice); i < end_of(slice); ++i)
      ++numbers[splitters.part_of(values[i])];
  });
  std::vector<std::size_t> begin_of_part(parts + 1, size);
  std::size_t begin = 0;
  for (std::size_t part = 0; part < parts; ++part) {
    begin_of_part[part] = begin;
    for (std::vector<std::size_t>& places : next) {
      const std::size_t number = places[part];
      places[part] = begin;
      begin += number;
    }
  }
  parallel_for(slices, threads, [&](std::size_t slice, unsigned) {
    std::vector<std::size_t>& places = next[slice];
    for (std::size_t i = begin_of(slice); i < end_of(slice); ++i)
      scratch[places[splitters.part_of(values[i])]++] = values[i];
  });

  parallel_for(parts, threads, [&](std::size_t part, unsigned) {
    const std::size_t first = begin_of_part[part];
    const std::size_t number = begin_of_part[part + 1] - first;
    sort64(scratch + first, values + first, number);
    std::copy_n(scratch + first, number, values + first);
  });
}

}  // namespace collapse_stats::cpu
