#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <numeric>

namespace collapse_stats::cuda {

/// The operations on whole arrays, which CUB and the driver do on a GPU, done by the CPU.
class HostArrays {
 public:
  void fill(void* at, unsigned char byte, std::size_t bytes) { std::memset(at, byte, bytes); }

  template <class Record>
  static std::size_t sort_bytes(std::uint64_t) {
    return 1;
  }

  template <class Record>
  Record* sort(Record* records, Record* other, std::uint64_t number, unsigned bits, void*,
               std::size_t) {
    const Record mask = bits < 8 * sizeof(Record) ? (Record{1} << bits) - 1 : ~Record{0};
    std::copy_n(records, number, other);
    std::stable_sort(other, other + number,
                     [=](Record left, Record right) { return (left & mask) < (right & mask); });
    return other;
  }

  template <class Value>
  static std::size_t sum_bytes(std::uint64_t) {
    return 1;
  }

  template <class Value>
  void exclusive_sum(Value* values, std::uint64_t number, void*, std::size_t) {
    std::exclusive_scan(values, values + number, values, Value{0});
  }

  template <class Value>
  void running_sum(const Value* from, Value* to, std::uint64_t number, void*, std::size_t) {
    std::inclusive_scan(from, from + number, to);
  }
};

}  // namespace collapse_stats::cuda
