#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "../key.hpp"

namespace collapse_stats::cpu {

/// A record is a window within its shard: the mixed key without its shard bits, shifted left by
/// the label bits, the label in the lowest bits. It is held in 64 bits where it fits, else in 128.
struct RecordFormat {
  unsigned key_bits;  ///< below the shard bits
  unsigned label_bits;

  explicit RecordFormat(const Layout& layout)
      : key_bits(layout.key_bits - layout.shard_bits), label_bits(layout.label_bits) {}

  unsigned bits() const { return key_bits + label_bits; }
};

/// Work space that is written before it is read, so that it need not be zeroed.
template <class T>
class Buffer {
 public:
  /// Room for `size` values; what was in it is lost.
  T* reserve(std::size_t size) {
    if (size > size_) {
      values_.reset();
      values_ = std::make_unique_for_overwrite<T[]>(size);
      size_ = size;
    }
    return values_.get();
  }

 private:
  std::unique_ptr<T[]> values_;
  std::size_t size_ = 0;
};

/// The records of one piece, grouped by shard.
template <class Record>
struct Block {
  std::unique_ptr<Record[]> records;
  std::vector<std::uint32_t> offsets;  ///< where each wanted shard begins, and the end

  std::span<const Record> shard(std::size_t index) const {
    return {records.get() + offsets[index], records.get() + offsets[index + 1]};
  }
};

}  // namespace collapse_stats::cpu
