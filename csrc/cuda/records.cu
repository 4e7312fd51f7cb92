#include <bit>
#include <stdexcept>

#include "cuda/planes.hpp"
#include "device.cuh"

namespace collapse_stats::cuda {
namespace {

/// A thread makes the records of `items` positions; a block reserves their places at once.
/// Moves, per token: the id, 0.25 to 0.5 B of planes and the record. Bound by memory.
/// sm_90: 0.7 KiB of shared memory; 48 registers and 8 B spilled for records of 8 B, 64 registers
/// and nothing spilled for 16 B.
template <class Id, class Record>
struct MakeRecords {
  static constexpr unsigned threads = 256, items = 8, tile = threads * items;
  struct Shared {
    std::uint32_t kept[tile / 32];  // a bit for each position
    std::uint32_t before[tile / 32];
    std::uint64_t place;
  };
  struct Made {
    Record records[items];
    bool kept[items];
  };

  Layout layout;
  const Id* ids;
  std::uint64_t size;
  bool negative;  // ids have a sign
  Planes planes;
  Selection selection;
  Record* records;
  RecordsMade* made;

  template <class Block>
  DEVICE void operator()(Block& block, Shared& shared) const {
    typename Block::template Registers<Made> registers;
    const std::uint64_t begin = block.index() * tile;
    block.each(registers, [&](unsigned thread, Made& mine) {
      UNROLL
      for (unsigned item = 0; item < items; ++item) {
        const std::uint64_t position = begin + item * threads + thread;
        mine.kept[item] = position < size && planes.counted(position) &&
                          record(block, position, mine.records[item]);
      }
    });
    block.vote(shared.kept, registers,
               [](unsigned item, const Made& mine) { return mine.kept[item]; });
    block.each([&](unsigned thread) {
      if (thread < tile / 32) shared.before[thread] = bits_of(shared.kept[thread]);
    });
    const std::uint32_t kept = block.exclusive_scan(shared.before);
    block.each([&](unsigned thread) {
      if (thread == 0 && kept > 0) shared.place = block.add(&made->records, std::uint64_t{kept});
    });
    block.each(registers, [&](unsigned thread, const Made& mine) {
      UNROLL
      for (unsigned item = 0; item < items; ++item) {
        const unsigned word = (item * threads + thread) / 32;
        const std::uint32_t in_front = shared.kept[word] & ((1U << thread % 32) - 1);
        if (mine.kept[item])
          records[shared.place + shared.before[word] + bits_of(in_front)] = mine.records[item];
      }
    });
  }

  DEVICE static std::uint32_t bits_of(std::uint32_t word) {
    return static_cast<std::uint32_t>(std::popcount(word));
  }

  /// Whether the window at `position` is selected; if so, `result` is its record.
  template <class Block>
  DEVICE bool record(Block& block, std::uint64_t position, Record& result) const {
    const unsigned label = planes.label(position);
    if (selection.label >= 0 && label != static_cast<unsigned>(selection.label)) return false;
    const unsigned most =
        layout.max_order > selection.min_length ? layout.max_order : selection.min_length;
    const unsigned length = planes.length(position, most);
    Key codes = 0;
    for (unsigned n = 0; n < layout.max_order; ++n)
      codes = codes << layout.code_bits | (n < length ? code(block, position + n) : 0);
    const Key key = layout.mix(codes);
    const unsigned shard = layout.shard_of(key);
    if (length < selection.min_length || shard < selection.first_shard ||
        shard >= selection.last_shard)
      return false;
    result = selection.label >= 0 ? static_cast<Record>(key)
                                  : static_cast<Record>(key << layout.label_bits | label);
    return true;
  }

  template <class Block>
  DEVICE Key code(Block& block, std::uint64_t position) const {
    const std::uint64_t id = ids[position];
    constexpr std::uint64_t sign = std::uint64_t{1} << (8 * sizeof(Id) - 1);
    if (id >= layout.vocab_size || (negative && (id & sign) != 0))
      block.minimum(&made->wrong_id, position);
    return Key{id} + 1;
  }
};

template <class Id, class Record>
void launch(Stream stream, const Layout& layout, const Tokens& tokens, bool negative,
            const Selection& selection, void* records, RecordsMade* made) {
  using Kernel = MakeRecords<Id, Record>;
  const Planes planes{tokens.planes, plane_words(tokens.size), tokens.label_bits};
  Device(stream).launch(
      (tokens.size + Kernel::tile - 1) / Kernel::tile,
      Kernel{layout, static_cast<const Id*>(tokens.ids), tokens.size, negative, planes, selection,
             static_cast<Record*>(records), made});
}

template <class Record>
void launch(Stream stream, const Layout& layout, const Tokens& tokens, const Selection& selection,
            void* records, RecordsMade* made) {
  const auto with = [&]<class Id>(Id, bool negative) {
    launch<Id, Record>(stream, layout, tokens, negative, selection, records, made);
  };
  switch (tokens.type) {
    case TokenType::u8:
    case TokenType::i8: return with(std::uint8_t{}, tokens.type == TokenType::i8);
    case TokenType::u16:
    case TokenType::i16: return with(std::uint16_t{}, tokens.type == TokenType::i16);
    case TokenType::u32:
    case TokenType::i32: return with(std::uint32_t{}, tokens.type == TokenType::i32);
    case TokenType::u64:
    case TokenType::i64: return with(std::uint64_t{}, tokens.type == TokenType::i64);
  }
}

}  // namespace

unsigned record_bytes(const Layout& layout) {
  const unsigned bits = layout.key_bits + layout.label_bits;
  if (bits > max_key_bits)
    throw std::invalid_argument("a record must fit into 128 bits, got keys of " +
                                std::to_string(layout.key_bits) + " bits and " +
                                std::to_string(layout.label_bits) +
                                " bits of label: count label by label");
  return bits <= 64 ? 8 : 16;
}

void make_records(Stream stream, const Layout& layout, const Tokens& tokens,
                  const Selection& selection, void* records, RecordsMade* made) {
  if (record_bytes(layout) == 8)
    launch<std::uint64_t>(stream, layout, tokens, selection, records, made);
  else
    launch<Key>(stream, layout, tokens, selection, records, made);
}

std::size_t sort_bytes(const Layout& layout, std::uint64_t number) {
  return record_bytes(layout) == 8 ? Device::sort_bytes<std::uint64_t>(number)
                                   : Device::sort_bytes<Key>(number);
}

void* sort_records(Stream stream, const Layout& layout, void* records, void* other,
                   std::uint64_t number, void* workspace, std::size_t bytes) {
  const unsigned bits = layout.key_bits + layout.label_bits;
  const auto sort = [&]<class Record>(Record) -> void* {
    return Device(stream).sort(static_cast<Record*>(records), static_cast<Record*>(other), number,
                               bits, workspace, bytes);
  };
  return record_bytes(layout) == 8 ? sort(std::uint64_t{}) : sort(Key{});
}

}  // namespace collapse_stats::cuda
