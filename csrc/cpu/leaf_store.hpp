#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "buffer.hpp"
#include "leaf.hpp"
#include "marks.hpp"
#include "slab.hpp"

namespace collapse_stats::cpu {

/// The sorted leaves of a key range. They are stored until the rows of all key ranges are counted,
/// because only then is it known where in the table their rows go. Sorted records of one word take
/// no more space than the unsorted ones, and at most half the space of rows, so they fit into
/// memory that is already mapped; touching new pages would cost more than sorting what is written
/// to them. Costs two copies, of 0.6 ns per record each.
class LeafStore {
 public:
  /// Work space for the leaves that are read.
  struct Columns {
    Buffer<std::uint64_t> high, low;
  };

  /// Append a leaf of `rows` rows. The arena must outlive the store.
  void add(const Leaf& leaf, std::size_t rows, Arena& arena);

  std::size_t rows() const { return rows_; }

  /// Pass all leaves to a sink, in the order in which they were added.
  void give_to(LeafSink& sink, const RecordFormat& format, Columns& columns) const;

 private:
  struct Kept {
    Key known;
    std::size_t size;
    std::size_t extras;
    unsigned known_bits;
    unsigned high_size;
    bool two_words;
  };

  /// A position in the stored words.
  struct Place {
    std::size_t part = 0;
    std::size_t word = 0;
  };

  void append(const std::uint64_t* words, std::size_t number, Arena& arena);
  void read(Place& place, std::uint64_t* words, std::size_t number) const;

  std::size_t rows_ = 0;
  std::vector<Kept> leaves_;
  std::vector<Extra> extras_;
  std::vector<std::uint64_t*> parts_;  // for each leaf its high words, then its low words
  std::size_t used_ = part_words;      // words of the last part; `part_words` if there is none

  static constexpr std::size_t part_words = part_bytes / sizeof(std::uint64_t);
};

/// Stores leaves and counts their rows.
class LeafKeeper final : public LeafSink {
 public:
  explicit LeafKeeper(const RecordFormat& format) : marks_(format, format.layout.max_order) {}

  /// Set the store of the leaves that follow.
  void keep_in(LeafStore& store) { store_ = &store; }

  void leaf(const Leaf& leaf) override { store_->add(leaf, marks_.count_rows(leaf), arena_); }

  /// The memory in which the leaves are stored.
  Arena& arena() { return arena_; }

 private:
  Marks marks_;
  LeafStore* store_ = nullptr;
  Arena arena_;
};

}  // namespace collapse_stats::cpu
