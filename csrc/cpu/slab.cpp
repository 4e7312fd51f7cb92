#include "slab.hpp"

#include <sys/mman.h>

#include <cstdint>
#include <mutex>
#include <new>
#include <utility>

namespace collapse_stats::cpu {
namespace {

constexpr std::size_t huge_page = std::size_t{1} << 21;

std::byte* map(std::size_t bytes) {
  void* const mapped =
      mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapped == MAP_FAILED) throw std::bad_alloc();
  return static_cast<std::byte*>(mapped);
}

/// Map a slab that is aligned to huge pages.
std::byte* map_slab() {
  std::byte* const mapped = map(slab_bytes + huge_page);
  const std::size_t before = -reinterpret_cast<std::uintptr_t>(mapped) % huge_page;
  if (before > 0) munmap(mapped, before);
  munmap(mapped + before + slab_bytes, huge_page - before);
  advise_huge_pages(mapped + before, slab_bytes);
  return mapped + before;
}

/// Let the system reclaim the pages of an unused slab when memory is short. Until then they stay
/// mapped.
void offer(std::byte* slab) noexcept {
#if defined(MADV_FREE)
  madvise(slab, slab_bytes, MADV_FREE);
#else
  static_cast<void>(slab);
#endif
}

/// The unused slabs of the process.
class Pool {
 public:
  Pool() { idle_.reserve(most_idle); }  // so that returning a slab rarely needs memory

  std::byte* take() {
    {
      const std::lock_guard lock(mutex_);
      if (!idle_.empty()) {
        std::byte* const slab = idle_.back();
        idle_.pop_back();
        return slab;
      }
    }
    return map_slab();
  }

  void give_back(std::byte* slab) noexcept {
    {
      const std::lock_guard lock(mutex_);
      if (has_room()) {
        if (keepers_ == 0) offer(slab);
        idle_.push_back(slab);
        return;
      }
    }
    munmap(slab, slab_bytes);
  }

  void keep() noexcept {
    const std::lock_guard lock(mutex_);
    ++keepers_;
  }

  void keep_no_longer() noexcept {
    const std::lock_guard lock(mutex_);
    if (--keepers_ > 0) return;
    for (; idle_.size() > most_idle; idle_.pop_back()) munmap(idle_.back(), slab_bytes);
    for (std::byte* slab : idle_) offer(slab);
  }

  std::size_t idle() noexcept {
    const std::lock_guard lock(mutex_);
    return idle_.size() * slab_bytes;
  }

  std::size_t release() noexcept {
    const std::lock_guard lock(mutex_);
    if (keepers_ > 0) return 0;
    const std::size_t released = idle_.size() * slab_bytes;
    for (; !idle_.empty(); idle_.pop_back()) munmap(idle_.back(), slab_bytes);
    return released;
  }

 private:
  static constexpr std::size_t most_idle = idle_bytes / slab_bytes;

  /// Whether one more slab can be kept.
  bool has_room() noexcept {
    if (keepers_ == 0) return idle_.size() < most_idle;
    if (idle_.size() < idle_.capacity()) return true;
    try {
      idle_.reserve(2 * idle_.size());
      return true;
    } catch (const std::bad_alloc&) {
      return false;
    }
  }

  std::mutex mutex_;
  std::vector<std::byte*> idle_;
  unsigned keepers_ = 0;
};

Pool& pool() {
  static Pool& shared = *new Pool;  // never destroyed, as arenas of the interpreter may outlive it
  return shared;
}

}  // namespace

Arena::Arena(Arena&& other) noexcept { *this = std::move(other); }

Arena& Arena::operator=(Arena&& other) noexcept {
  std::swap(slabs_, other.slabs_);
  std::swap(recycled_, other.recycled_);
  std::swap(next_, other.next_);
  std::swap(left_, other.left_);
  return *this;
}

void Arena::add_slab() {
  // Reserve first, so that a slab cannot get lost if memory runs out.
  if (slabs_.size() == slabs_.capacity()) slabs_.reserve(2 * slabs_.size() + 1);
  next_ = pool().take();
  left_ = slab_bytes;
  slabs_.push_back(next_);
}

void Arena::clear() noexcept {
  for (std::byte* slab : slabs_) pool().give_back(slab);
  slabs_.clear();
  recycled_.clear();
  next_ = nullptr;
  left_ = 0;
}

SlabKeeper::SlabKeeper() noexcept { pool().keep(); }

SlabKeeper::~SlabKeeper() { pool().keep_no_longer(); }

std::size_t idle_slab_bytes() noexcept { return pool().idle(); }

std::size_t release_idle_slabs() noexcept { return pool().release(); }

void advise_huge_pages(void* memory, std::size_t bytes) {
#if defined(MADV_HUGEPAGE)
  const auto begin = reinterpret_cast<std::uintptr_t>(memory);
  const std::uintptr_t first = (begin + huge_page - 1) / huge_page * huge_page;
  const std::uintptr_t last = (begin + bytes) / huge_page * huge_page;
  if (first < last)  // this is only advice; if it is not followed, counting is slower
    madvise(reinterpret_cast<void*>(first), last - first, MADV_HUGEPAGE);
#else
  static_cast<void>(memory);
  static_cast<void>(bytes);
#endif
}

}  // namespace collapse_stats::cpu
