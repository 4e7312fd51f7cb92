#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "../key.hpp"
#include "block.hpp"
#include "slab.hpp"
#include "stream.hpp"

namespace collapse_stats::cpu {

/// Tail type of records without a tail.
struct NoTail {};

/// A record that was seen `number` times.
struct Squeezed {
  std::uint64_t head;
  std::uint64_t tail;
  Count number;
};

/// The records of one thread, grouped by key range and otherwise unordered.
///
/// Each record is written twice: into a buffer of its key range, which stays in cache, and, when
/// the buffer is full, to memory past the caches. This costs 2 ns per record, bound by the stores.
/// A full buffer with a record that makes up at least an eighth of it is squeezed: the equal records
/// are replaced by one with a count. This check costs eight comparisons per buffer, and keeps text
/// with few distinct windows from filling memory. Equal documents have labels as if drawn by lot, so
/// that a window which makes up half of a key range gives two records that have a quarter each.
template <class Tail>
class KeyRangeLists {
 public:
  static constexpr bool has_tail = !std::is_same_v<Tail, NoTail>;
  static constexpr std::size_t tail_size = has_tail ? sizeof(Tail) : 0;

  explicit KeyRangeLists(std::size_t key_ranges)
      : fill_(key_ranges, 0),
        lists_(key_ranges),
        buffers_(reinterpret_cast<Buffer*>(arena_.take(sizeof(Buffer) * key_ranges))) {
    static_assert(sizeof(Buffer) << (max_key_range_bits + 2) <= slab_bytes);
    std::uninitialized_default_construct_n(buffers_, key_ranges);
  }

  /// Append all records of a block. Their key ranges must be below the number of key ranges.
  void append(const Block& block) {
    for (std::size_t i = 0; i < block.size; ++i) {
      prefetch(block.key_range[std::min(i + ahead, block.size - 1)]);
      put(block.key_range[i], block, i);
    }
  }

  /// Append the records of a block at the places `selected`, with key ranges relative to
  /// `first_key_range`.
  void append(const Block& block, unsigned first_key_range,
              std::span<const std::uint32_t> selected) {
    for (const std::uint32_t i : selected) put(block.key_range[i] - first_key_range, block, i);
  }

  /// Call `visit(heads, tails, number)` for the records of a key range, part by part, without the
  /// squeezed ones.
  template <class Visit>
  void each(std::size_t key_range, Visit visit) const {
    const List& list = lists_[key_range];
    for (std::size_t i = 0; i < list.chunks.size(); ++i) {
      const bool last = i + 1 == list.chunks.size();
      const std::byte* const chunk = list.chunks[i];
      if (!last)  // hardware prefetching does not follow to the next chunk
        for (std::size_t line = 0; line < 16; ++line)
          __builtin_prefetch(list.chunks[i + 1] + 64 * line);
      visit(reinterpret_cast<const std::uint64_t*>(chunk),
            reinterpret_cast<const Tail*>(chunk + chunk_records * sizeof(std::uint64_t)),
            last ? list.used : chunk_records);
    }
    visit(buffers_[key_range].heads, buffers_[key_range].tails, std::size_t{fill_[key_range]});
  }

  /// Remove the records of a key range. `arena` may reuse their memory as long as the lists live.
  void recycle(std::size_t key_range, Arena& arena) {
    for (std::byte* chunk : lists_[key_range].chunks) arena.recycle(chunk);
    lists_[key_range] = List();
    fill_[key_range] = 0;
  }

  std::span<const Squeezed> squeezed(std::size_t key_range) const {
    return lists_[key_range].squeezed;
  }

  /// Number of records of a key range, without the squeezed ones.
  std::size_t size(std::size_t key_range) const {
    const List& list = lists_[key_range];
    return list.chunks.size() * chunk_records - (chunk_records - list.used) + fill_[key_range];
  }

 private:
  // The heads and tails of a full buffer are whole cache lines, so that no line is streamed in
  // part.
  static constexpr std::size_t width = tail_size == 1 ? 64 : 32;
  static constexpr std::size_t chunk_records =
      part_bytes / (sizeof(std::uint64_t) + tail_size) / 64 * 64;
  static constexpr std::size_t ahead = 8;  // distance of prefetches, in records

  struct alignas(64) Buffer {
    std::uint64_t heads[width];
    alignas(has_tail ? 64 : 1) Tail tails[has_tail ? width : 1];
  };

  struct List {
    std::vector<std::byte*> chunks;
    std::size_t used = chunk_records;  // of the last chunk; full if there is none
    std::vector<Squeezed> squeezed;
  };

  /// Prefetch the line of the key range's next record.
  void prefetch(std::uint32_t key_range) const {
    __builtin_prefetch(&buffers_[key_range].heads[fill_[key_range]], 1);
    if constexpr (tail_size > 1)
      __builtin_prefetch(&buffers_[key_range].tails[fill_[key_range]], 1);
  }

  void put(std::uint32_t key_range, const Block& block, std::size_t i) {
    Buffer& buffer = buffers_[key_range];
    const std::uint32_t at = fill_[key_range];
    buffer.heads[at] = block.head[i];
    if constexpr (has_tail) buffer.tails[at] = static_cast<Tail>(block.tail[i]);
    fill_[key_range] = at + 1;
    if (at + 1 == width) [[unlikely]]
      flush(key_range);
  }

  [[gnu::noinline]] void flush(std::size_t key_range) {
    const std::uint64_t* const heads = buffers_[key_range].heads;
    const std::uint64_t last = heads[width - 1];
    bool repeats = false;
    for (std::size_t i = 0; i < width; i += width / 8) repeats |= heads[i] == last;
    if (repeats && squeeze(key_range)) return;
    List& list = lists_[key_range];
    if (list.used == chunk_records) {
      list.chunks.push_back(nullptr);
      list.chunks.back() = arena_.take_part();
      list.used = 0;
    }
    std::byte* const chunk = list.chunks.back();
    stream(chunk + list.used * sizeof(std::uint64_t), heads, sizeof(Buffer::heads));
    if constexpr (has_tail)
      stream(chunk + chunk_records * sizeof(std::uint64_t) + list.used * tail_size,
             buffers_[key_range].tails, sizeof(Buffer::tails));
    list.used += width;
    fill_[key_range] = 0;
  }

  /// If at least an eighth of the records of a full buffer equals the last one, replace them by one
  /// squeezed record.
  bool squeeze(std::size_t key_range) {
    Buffer& buffer = buffers_[key_range];
    const std::uint64_t head = buffer.heads[width - 1];
    std::uint64_t tail = 0;
    if constexpr (has_tail) tail = buffer.tails[width - 1];
    const auto equals_last = [&](std::size_t i) {
      if constexpr (has_tail)
        return buffer.heads[i] == head && buffer.tails[i] == tail;
      else
        return buffer.heads[i] == head;
    };
    std::size_t equal = 0;
    for (std::size_t i = 0; i < width; ++i) equal += equals_last(i) ? 1 : 0;
    if (equal < width / 8) return false;

    std::size_t kept = 0;
    for (std::size_t i = 0; i < width; ++i) {
      const bool leaves = equals_last(i);
      buffer.heads[kept] = buffer.heads[i];
      if constexpr (has_tail) buffer.tails[kept] = buffer.tails[i];
      kept += leaves ? 0 : 1;
    }
    add(lists_[key_range].squeezed, {head, tail, equal});
    fill_[key_range] = static_cast<std::uint32_t>(kept);
    return true;
  }

  static void add(std::vector<Squeezed>& squeezed, const Squeezed& record) {
    constexpr std::size_t recent = 4;
    const std::size_t oldest = squeezed.size() - std::min(squeezed.size(), recent);
    for (std::size_t i = squeezed.size(); i > oldest; --i)
      if (squeezed[i - 1].head == record.head && squeezed[i - 1].tail == record.tail) {
        squeezed[i - 1].number += record.number;
        return;
      }
    squeezed.push_back(record);
  }

  Arena arena_;
  std::vector<std::uint32_t> fill_;  // number of records in each buffer
  std::vector<List> lists_;
  Buffer* buffers_;
};

}  // namespace collapse_stats::cpu
