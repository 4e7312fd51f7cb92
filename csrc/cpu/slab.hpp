#pragma once

#include <cstddef>
#include <vector>

namespace collapse_stats::cpu {

/// Memory is requested from the system in slabs of this size, which are kept for the next count,
/// because the first touch of a page costs more than counting the tokens that fit into it.
constexpr std::size_t slab_bytes = std::size_t{1} << 22;

/// At most this many bytes of unused slabs are kept, and the system may reclaim them when memory is
/// short. Further slabs are returned at once, unless there is a `SlabKeeper`.
constexpr std::size_t idle_bytes = std::size_t{1} << 30;

/// Size of the parts in which records and rows are stored. It is the same for both, so that either
/// can reuse the memory of the other.
constexpr std::size_t part_bytes = std::size_t{1} << 14;

/// Allocates parts of slabs, which are all released together. Has one owner and must be used by one
/// thread at a time; the slabs come from a pool that is shared by the process.
class Arena {
 public:
  Arena() = default;
  Arena(Arena&& other) noexcept;
  Arena& operator=(Arena&& other) noexcept;
  ~Arena() { clear(); }

  /// Allocate `bytes`, at most a slab, aligned to 64 bytes. Throws std::bad_alloc.
  std::byte* take(std::size_t bytes) {
    bytes = (bytes + 63) & ~std::size_t{63};
    if (bytes > left_) add_slab();
    std::byte* const part = next_;
    next_ += bytes;
    left_ -= bytes;
    return part;
  }

  /// Allocate `part_bytes`, reusing a recycled part if there is one. Throws std::bad_alloc.
  std::byte* take_part() {
    if (recycled_.empty()) return take(part_bytes);
    std::byte* const part = recycled_.back();
    recycled_.pop_back();
    return part;
  }

  /// Let `take_part` reuse a part. It may belong to another arena, which must outlive this one.
  void recycle(std::byte* part) { recycled_.push_back(part); }

  /// Return all slabs to the pool.
  void clear() noexcept;

 private:
  void add_slab();

  std::vector<std::byte*> slabs_, recycled_;
  std::byte* next_ = nullptr;
  std::size_t left_ = 0;
};

/// While a keeper exists, all unused slabs are kept, because they will be needed again soon.
class SlabKeeper {
 public:
  SlabKeeper() noexcept;
  SlabKeeper(const SlabKeeper&) = delete;
  SlabKeeper& operator=(const SlabKeeper&) = delete;
  ~SlabKeeper();
};

/// How many bytes of unused slabs there are, which the next count uses before it takes fresh memory.
std::size_t idle_slab_bytes() noexcept;

/// Return all unused slabs to the system at once, unless there is a `SlabKeeper`; return how many
/// bytes of them there were. For callers whose memory is bounded: idle slabs count as resident.
std::size_t release_idle_slabs() noexcept;

/// Ask the system to back newly allocated memory with huge pages, which reduces page faults.
void advise_huge_pages(void* memory, std::size_t bytes);

}  // namespace collapse_stats::cpu
