#pragma once

#include <cstddef>
#include <memory>

#include "slab.hpp"

namespace collapse_stats::cpu {

/// Work space that is written before it is read, and is therefore not zeroed.
template <class T>
class Buffer {
 public:
  /// Make room for `size` values, discarding the previous contents.
  T* reserve(std::size_t size) {
    if (size > size_) {
      values_.reset();
      size_ = size + size / 4;  // the next request is rarely much larger
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
