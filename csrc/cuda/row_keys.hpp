#pragma once

#include "cuda/api.hpp"
#include "cuda/search.hpp"
#include "device.cuh"

/// Reading and writing the keys of a table, which are stored as columns of words.
namespace collapse_stats::cuda {

template <class Word>
struct RowKeys {
  const std::uint64_t* keys;
  std::uint64_t rows;

  DEVICE Word at(std::uint64_t row) const {
    if constexpr (sizeof(Word) == sizeof(std::uint64_t))
      return keys[row];
    else
      return Word{keys[row]} << 64 | keys[rows + row];
  }

  /// The first row from `first` up to, not including, `last` that is not below `key`; `last` if
  /// there is none.
  DEVICE std::uint64_t lower_bound(std::uint64_t first, std::uint64_t last, Word key) const {
    return first_failing(first, last, [&](std::uint64_t row) { return at(row) < key; });
  }
};

template <class Word>
DEVICE void write_key(const DeviceTable& table, std::uint64_t row, Word key) {
  if constexpr (sizeof(Word) == sizeof(std::uint64_t)) {
    table.keys[row] = key;
  } else {
    table.keys[row] = static_cast<std::uint64_t>(key >> 64);
    table.keys[table.rows + row] = static_cast<std::uint64_t>(key);
  }
}

}  // namespace collapse_stats::cuda
