#pragma once

#include <cstddef>
#include <memory>

#include "slab.hpp"

namespace collapse_stats::cpu {

/// Work space that is written before it is read, so that it need not be zeroed.
template <class T>
class Buffer {
 public:
  /// Room for `size` values; what was in it is lost.
  T* reserve(std::size_t size) {
    if (size > size_) {
      values_.reset();
      size_ = size + size / 4;  // the next one is seldom much larger
      values_ = std::make_unique_for_overwrite<T[]>(size_);
      advise_huge_pages(values_.get(), size_ * sizeof(T));
    }
    return values_.get();
  }

  T* data() { return values_.get(); }

 private:
  std::unique_ptr<T[]> values_;
  std::size_t size_ = 0;
};

}  // namespace collapse_stats::cpu
