#include <stdexcept>

#include "cuda/bucket.hpp"
#include "cuda/window.hpp"
#include "device.cuh"

namespace collapse_stats::cuda {
namespace {

/// A thread makes the records of `items` positions; the block reserves their places with one
/// addition. Moves, per token: the id, 0.25 to 0.5 B of planes and the record. Bound by memory.
/// sm_90: 52 to 68 registers, nothing spilled, 592 B of shared memory.
template <class Id, class Record>
struct MakeRecords {
  static constexpr unsigned threads = 256, items = 8, tile = threads * items, resident = 3;
  struct Shared {
    std::uint32_t kept[tile / 32];  // a bit for each position
    std::uint32_t before[tile / 32];
    std::uint64_t place;
    ScanStorage<threads> scan;
  };
  struct Made {
    Record records[items];
    bool kept[items];
  };

  WindowReader<Id> reader;
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
        mine.kept[item] = reader.begins(position) && record(block, position, mine.records[item]);
      }
    });
    block.vote(shared.kept, registers,
               [](unsigned item, const Made& mine) { return mine.kept[item]; });
    block.each([&](unsigned thread) {
      if (thread < tile / 32) shared.before[thread] = count_ones(shared.kept[thread]);
    });
    const std::uint32_t kept = block.exclusive_scan(shared.before, shared.scan);
    block.each([&](unsigned thread) {
      if (thread == 0 && kept > 0) shared.place = block.add(&made->records, std::uint64_t{kept});
    });
    block.each(registers, [&](unsigned thread, const Made& mine) {
      UNROLL
      for (unsigned item = 0; item < items; ++item) {
        const unsigned word = (item * threads + thread) / 32;
        const std::uint32_t in_front = shared.kept[word] & ((1U << thread % 32) - 1);
        if (mine.kept[item])
          records[shared.place + shared.before[word] + count_ones(in_front)] = mine.records[item];
      }
    });
  }

  /// Whether the window at `position` is selected; if so, `result` is its record.
  template <class Block>
  DEVICE bool record(Block& block, std::uint64_t position, Record& result) const {
    const Layout& layout = reader.layout;
    const unsigned label = reader.planes.label(position);
    if (selection.label >= 0 && label != static_cast<unsigned>(selection.label)) return false;
    const unsigned most =
        layout.max_order > selection.min_length ? layout.max_order : selection.min_length;
    const unsigned length = reader.planes.length(position, most);
    const Key codes = reader.codes(block, position, 0, layout.max_order, length);
    const Key key = layout.mix(codes);
    const unsigned key_range = layout.key_range_of(key);
    if (length < selection.min_length || key_range < selection.first_key_range ||
        key_range >= selection.last_key_range || !flagged(codes))
      return false;
    result = selection.label >= 0 ? static_cast<Record>(key)
                                  : static_cast<Record>(key << layout.label_bits | label);
    return true;
  }

  DEVICE bool flagged(Key codes) const {
    const auto [flags, tokens, bits] = selection.buckets;
    if (flags == nullptr) return true;
    const Layout& layout = reader.layout;
    const Key prefix = codes >> (layout.max_order - tokens) * layout.code_bits;
    const unsigned prefix_bits = tokens * layout.code_bits;
    const std::uint32_t bucket = top_bits(mix_prefix(prefix, prefix_bits), prefix_bits, bits);
    return (flags[bucket / 32] >> bucket % 32 & 1U) != 0;
  }
};

template <class Record>
void launch(Stream stream, const Layout& layout, const Tokens& tokens, const Selection& selection,
            void* records, RecordsMade* made) {
  with_reader(layout, tokens, &made->wrong_id, [&]<class Id>(const WindowReader<Id>& reader) {
    using Kernel = MakeRecords<Id, Record>;
    Device(stream).launch((tokens.size + Kernel::tile - 1) / Kernel::tile,
                          Kernel{reader, selection, static_cast<Record*>(records), made});
  });
}

}  // namespace

unsigned record_bytes(const Layout& layout) {
  const unsigned bits = layout.key_bits + layout.label_bits;
  if (bits > max_key_bits)
    throw std::invalid_argument("a record must fit into 128 bits, got keys of " +
                                std::to_string(layout.key_bits) + " bits and labels of " +
                                std::to_string(layout.label_bits) +
                                " bits: count one label at a time");
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
