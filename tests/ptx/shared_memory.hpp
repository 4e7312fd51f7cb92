#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "program.hpp"

namespace collapse_stats::ptx {

/// Who accesses shared memory, and when.
struct Accessor {
  std::uint16_t thread;
  std::uint32_t phase;  ///< of the thread's warp
};

/// Shared memory of a block, with a shadow that knows who accessed what since the last barrier. Two
/// accesses of a byte race if they are of different threads, at least one writes, not both are
/// atomic, and neither a barrier nor a synchronisation of their warp lies between.
class SharedMemory {
 public:
  enum class Verdict : std::uint8_t {
    fine,
    read_after_write,
    write_after_write,
    write_after_read,
    atomic_after_write,
    atomic_after_read,
    write_after_atomic,
    read_after_atomic,
    peek_after_write,
    write_after_peek,
    unwritten
  };

  /// Memory for a block; what it holds is undefined.
  void begin_block(std::size_t bytes);
  void pass_barrier() { ++epoch_; }

  unsigned char* data() { return memory_.data(); }
  std::size_t size() const { return bytes_; }

  /// Notes an access; `other` is the thread that it races with.
  Verdict touch(std::size_t at, unsigned bytes, Access access, Accessor who, unsigned& other);

 private:
  static constexpr std::size_t word_bytes = 4;

  /// Accesses of one kind since the last barrier.
  struct Record {
    std::uint32_t epoch = 0, phase = 0;
    std::uint16_t thread = 0;
    std::uint8_t several = 0;  // 1: lanes of the warp, 2: warps
  };
  struct Records {
    Record written, changed, read, peeked;  // changed: atomically
  };
  struct Word {
    std::uint32_t split = 0;  // the epoch in which bytes have records of their own
    std::uint32_t block = 0;  // in which `known` was set
    std::uint32_t known = 0;  // bytes that are written, a bit each
  };

  bool conflicts(const Record& record, Accessor who) const;
  void note(Record& record, Accessor who);
  Verdict judge(Records& records, Access access, Accessor who, unsigned& other);
  Verdict touch_word(std::size_t word, unsigned bytes, unsigned first, Access access, Accessor who,
                     unsigned& other);

  std::vector<unsigned char> memory_;
  std::vector<Word> words_;
  std::vector<Records> of_words_, of_bytes_;
  std::size_t bytes_ = 0;
  std::uint32_t epoch_ = 0, block_ = 0;
};

const char* describe(SharedMemory::Verdict verdict);

}  // namespace collapse_stats::ptx
