#include "shared_memory.hpp"

#include <algorithm>
#include <cstring>

namespace collapse_stats::ptx {

void SharedMemory::begin_block(std::size_t bytes) {
  const std::size_t words = bytes / word_bytes + 1;
  if (epoch_ > 1U << 31) {  // long before the epoch overflows
    of_words_.clear();
    of_bytes_.clear();
    words_.clear();
    epoch_ = block_ = 0;
  }
  if (words_.size() < words) {
    words_.resize(words);
    of_words_.resize(words);
    of_bytes_.resize(words * word_bytes);
    memory_.resize(words * word_bytes + 16);
  }
  bytes_ = bytes;
  std::memset(memory_.data(), 0xA5, bytes);
  ++epoch_;
  ++block_;
}

bool SharedMemory::conflicts(const Record& record, Accessor accessor) const {
  if (record.epoch != epoch_ || record.several == 2) return record.epoch == epoch_;
  if (record.thread == accessor.thread && record.several == 0) return false;
  return record.thread / 32 != accessor.thread / 32 || record.phase == accessor.phase;
}

void SharedMemory::note(Record& record, Accessor accessor) {
  if (record.epoch == epoch_) {
    if (record.several == 2) return;
    if (record.thread / 32 != accessor.thread / 32) {
      record.several = 2;
    } else if (record.phase != accessor.phase) {
      record.several = 0;
    } else if (record.thread != accessor.thread) {
      record.several = 1;
    }
  } else {
    record.several = 0;
  }
  record.epoch = epoch_;
  record.phase = accessor.phase;
  record.thread = accessor.thread;
}

SharedMemory::Verdict SharedMemory::judge(Records& records, Access access, Accessor accessor,
                                          unsigned& other) {
  const auto races = [&](const Record& record) {
    if (!conflicts(record, accessor)) return false;
    other = record.thread;
    return true;
  };
  switch (access) {
    case Access::load:
      if (races(records.written)) return Verdict::read_after_write;
      if (races(records.changed)) return Verdict::read_after_atomic;
      note(records.read, accessor);
      break;
    case Access::peek:
      if (races(records.written)) return Verdict::peek_after_write;
      note(records.peeked, accessor);
      break;
    case Access::store:
      if (races(records.written)) return Verdict::write_after_write;
      if (races(records.changed)) return Verdict::write_after_atomic;
      if (races(records.read)) return Verdict::write_after_read;
      if (races(records.peeked)) return Verdict::write_after_peek;
      note(records.written, accessor);
      break;
    case Access::atomic:
      if (races(records.written)) return Verdict::atomic_after_write;
      if (races(records.read)) return Verdict::atomic_after_read;
      note(records.changed, accessor);
      break;
  }
  return Verdict::fine;
}

SharedMemory::Verdict SharedMemory::touch_word(std::size_t word, unsigned bytes, unsigned first,
                                               Access access, Accessor accessor, unsigned& other) {
  Word& about = words_[word];
  const std::uint32_t touched = ((1U << bytes) - 1) << first;
  if (about.block != block_) {
    about.block = block_;
    about.known = 0;
  }
  Verdict verdict = Verdict::fine;
  if (access != Access::store && (about.known & touched) != touched) verdict = Verdict::unwritten;
  if (access == Access::store) about.known |= touched;
  if (bytes == word_bytes && about.split != epoch_) {
    const Verdict race = judge(of_words_[word], access, accessor, other);
    return race == Verdict::fine ? verdict : race;
  }
  Records* const each = &of_bytes_[word * word_bytes];
  if (about.split != epoch_) {
    std::fill(each, each + word_bytes, of_words_[word]);
    about.split = epoch_;
  }
  for (unsigned byte = first; byte < first + bytes; ++byte) {
    const Verdict race = judge(each[byte], access, accessor, other);
    if (race != Verdict::fine) return race;
  }
  return verdict;
}

SharedMemory::Verdict SharedMemory::touch(std::size_t at, unsigned bytes, Access access,
                                          Accessor accessor, unsigned& other) {
  Verdict verdict = Verdict::fine;
  for (const std::size_t end = at + bytes; at < end;) {
    const auto first = static_cast<unsigned>(at % word_bytes);
    const auto number = static_cast<unsigned>(std::min(word_bytes - first, end - at));
    const Verdict result = touch_word(at / word_bytes, number, first, access, accessor, other);
    if (result != Verdict::fine && result != Verdict::unwritten) return result;
    if (result != Verdict::fine) verdict = result;
    at += number;
  }
  return verdict;
}

const char* describe(SharedMemory::Verdict verdict) {
  switch (verdict) {
    case SharedMemory::Verdict::fine: return "fine";
    case SharedMemory::Verdict::read_after_write: return "reads what another thread wrote";
    case SharedMemory::Verdict::write_after_write: return "writes what another thread wrote";
    case SharedMemory::Verdict::write_after_read: return "writes what another thread read";
    case SharedMemory::Verdict::atomic_after_write:
      return "changes atomically what another thread wrote";
    case SharedMemory::Verdict::atomic_after_read:
      return "changes atomically what another thread read";
    case SharedMemory::Verdict::write_after_atomic:
      return "writes what another thread changed atomically";
    case SharedMemory::Verdict::read_after_atomic:
      return "reads what another thread changed atomically";
    case SharedMemory::Verdict::peek_after_write: return "peeks at what another thread wrote";
    case SharedMemory::Verdict::write_after_peek: return "writes what another thread peeked at";
    case SharedMemory::Verdict::unwritten: return "reads shared memory that nobody wrote";
  }
  return "";
}

}  // namespace collapse_stats::ptx
