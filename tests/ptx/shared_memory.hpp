#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "program.hpp"

namespace collapse_stats::ptx {

/// The thread that accesses shared memory, and the time.
struct Accessor {
  std::uint16_t thread;
  std::uint32_t phase;  ///< of the thread's warp
};

/// The shared memory of a block, with a shadow that records who accessed what since the last
/// barrier. Two accesses to a byte race if they are from different threads, at least one is a
/// write, they are not both atomic, and neither a barrier nor a synchronisation of their warp lies
/// between them.
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

  /// Make memory for a block, with undefined contents.
  void begin_block(std::size_t bytes);
  void pass_barrier() { ++epoch_; }

  unsigned char* data() { return memory_.data(); }
  std::size_t size() const { return bytes_; }

  /// Record an access. On a race, `other` is the other thread.
  Verdict touch(std::size_t at, unsigned bytes, Access access, Accessor accessor, unsigned& other);

 private:
  static constexpr std::size_t word_bytes = 4;

  /// The accesses of one kind since the last barrier.
  struct Record {
    std::uint32_t epoch = 0, phase = 0;
    std::uint16_t thread = 0;
    std::uint8_t several = 0;  // 1: several lanes of the warp, 2: several warps
  };
  struct Records {
    Record written, changed, read, peeked;  // `changed`: by atomic operations
  };
  struct Word {
    std::uint32_t split = 0;  // the epoch in which single bytes have records
    std::uint32_t block = 0;  // the epoch in which `known` was set
    std::uint32_t known = 0;  // the bytes that were written, one bit each
  };

  bool conflicts(const Record& record, Accessor accessor) const;
  void note(Record& record, Accessor accessor);
  Verdict judge(Records& records, Access access, Accessor accessor, unsigned& other);
  Verdict touch_word(std::size_t word, unsigned bytes, unsigned first, Access access,
                     Accessor accessor, unsigned& other);

  std::vector<unsigned char> memory_;
  std::vector<Word> words_;
  std::vector<Records> of_words_, of_bytes_;
  std::size_t bytes_ = 0;
  std::uint32_t epoch_ = 0, block_ = 0;
};

const char* describe(SharedMemory::Verdict verdict);

}  // namespace collapse_stats::ptx
