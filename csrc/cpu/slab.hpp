#pragma once

#include <cstddef>
#include <vector>

namespace collapse_stats::cpu {

/// Memory that is taken in large pieces and kept for the next count: the first touch of a page
/// costs more than counting the tokens that fit into it.
constexpr std::size_t slab_bytes = std::size_t{1} << 22;

/// At most this much is kept while nobody uses it, and the system may take it when it runs short of
/// memory; the rest goes back at once, unless there is a `SlabKeeper`.
constexpr std::size_t idle_bytes = std::size_t{1} << 30;

/// What records and rows are kept in, so that the memory of some can be used for the others.
constexpr std::size_t part_bytes = std::size_t{1} << 14;

/// Hands out parts of slabs, all of which go back together. One owner, one thread at a time; the
/// slabs come from a pool that all share.
class Arena {
 public:
  Arena() = default;
  Arena(Arena&& other) noexcept;
  Arena& operator=(Arena&& other) noexcept;
  ~Arena() { clear(); }

  /// `bytes` at a multiple of 64, at most a slab. Throws std::bad_alloc.
  std::byte* take(std::size_t bytes) {
    bytes = (bytes + 63) & ~std::size_t{63};
    if (bytes > left_) add_slab();
    std::byte* const part = next_;
    next_ += bytes;
    left_ -= bytes;
    return part;
  }

  /// `part_bytes`, a recycled part if there is one. Throws std::bad_alloc.
  std::byte* take_part() {
    if (recycled_.empty()) return take(part_bytes);
    std::byte* const part = recycled_.back();
    recycled_.pop_back();
    return part;
  }

  /// Lets `take_part` use a part again, which may be of another arena that lives longer.
  void recycle(std::byte* part) { recycled_.push_back(part); }

  /// Gives every slab back.
  void clear() noexcept;

 private:
  void add_slab();

  std::vector<std::byte*> slabs_, recycled_;
  std::byte* next_ = nullptr;
  std::size_t left_ = 0;
};

/// While there is one, slabs that nobody uses are kept, all of them: they are needed again soon.
class SlabKeeper {
 public:
  SlabKeeper() noexcept;
  SlabKeeper(const SlabKeeper&) = delete;
  SlabKeeper& operator=(const SlabKeeper&) = delete;
  ~SlabKeeper();
};

/// Asks for huge pages behind `bytes` that were just allocated: fewer page faults.
void advise_huge_pages(void* memory, std::size_t bytes);

}  // namespace collapse_stats::cpu
