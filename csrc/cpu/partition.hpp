#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "../counter.hpp"
#include "codes.hpp"
#include "piece.hpp"
#include "record.hpp"

namespace collapse_stats::cpu {

/// Turns windows into records and groups them by shard. Keeps work space from piece to piece.
template <class Record>
class Partitioner {
 public:
  explicit Partitioner(const CounterConfig& config)
      : layout_(config.layout),
        format_(config.layout),
        first_shard_(config.first_shard),
        wanted_(config.last_shard - config.first_shard) {}

  /// Records of the piece's windows that lie in the wanted shards. Throws std::invalid_argument
  /// for an id outside the vocabulary.
  Block<Record> partition(const Chunk& chunk, const Piece& piece) {
    // One more than there are windows: an unwanted record is written, then overwritten.
    records_.reserve(piece.windows + 1);
    shards_.reserve(piece.windows + 1);
    size_ = 0;
    std::size_t span = piece.span;
    std::size_t start = piece.start;
    for (std::size_t left = piece.windows; left > 0;) {
      const auto stop = static_cast<std::size_t>(chunk.stop[span]);
      const std::size_t windows = std::min({stretch, left, stop - start});
      if (windows > 0) pack_stretch(chunk, span, start, windows);
      left -= windows;
      start += windows;
      if (start == stop && left > 0) start = static_cast<std::size_t>(chunk.start[++span]);
    }
    return group_by_shard();
  }

 private:
  static constexpr std::size_t stretch = 4096;  // windows whose codes are loaded at once

  void pack_stretch(const Chunk& chunk, std::size_t span, std::size_t start, std::size_t windows) {
    const std::size_t needed = windows + layout_.max_order - 1;
    const std::size_t known = std::min(needed, static_cast<std::size_t>(chunk.limit[span]) - start);
    load_codes(chunk, start, known, layout_.vocab_size, codes_.data());
    std::fill(codes_.data() + known, codes_.data() + needed, 0);
    pack(windows, chunk.label[span]);
  }

  /// Appends the records of the windows whose codes are loaded.
  void pack(std::size_t windows, unsigned label) {
    const unsigned ahead = layout_.max_order - 1;
    const Key key_mask = low_mask(layout_.key_bits);
    const Key record_mask = low_mask(format_.key_bits);
    Record* const records = records_.reserve(0);
    std::uint16_t* const shards = shards_.reserve(0);
    std::size_t size = size_;

    Key plain = 0;
    for (unsigned i = 0; i < ahead; ++i) plain = plain << layout_.code_bits | codes_[i];
    for (std::size_t i = 0; i < windows; ++i) {
      plain = (plain << layout_.code_bits | codes_[i + ahead]) & key_mask;
      const Key key = layout_.mix(plain);
      const unsigned shard = layout_.shard_of(key) - first_shard_;
      records[size] = static_cast<Record>((key & record_mask) << format_.label_bits | label);
      shards[size] = static_cast<std::uint16_t>(shard);
      size += shard < wanted_ ? 1 : 0;  // no branch: it would be mispredicted
    }
    size_ = size;
  }

  Block<Record> group_by_shard() {
    const Record* const records = records_.reserve(0);
    const std::uint16_t* const shards = shards_.reserve(0);
    Block<Record> block{std::make_unique_for_overwrite<Record[]>(size_),
                        std::vector<std::uint32_t>(wanted_ + 1, 0)};
    for (std::size_t i = 0; i < size_; ++i) ++block.offsets[shards[i] + 1U];
    for (unsigned shard = 0; shard < wanted_; ++shard)
      block.offsets[shard + 1] += block.offsets[shard];

    std::vector<std::uint32_t> next(block.offsets.begin(), block.offsets.end() - 1);
    for (std::size_t i = 0; i < size_; ++i) block.records[next[shards[i]]++] = records[i];
    return block;
  }

  const Layout layout_;
  const RecordFormat format_;
  const unsigned first_shard_;
  const unsigned wanted_;
  std::array<std::uint64_t, stretch + max_key_bits> codes_;
  Buffer<Record> records_;
  Buffer<std::uint16_t> shards_;
  std::size_t size_ = 0;
};

}  // namespace collapse_stats::cpu
