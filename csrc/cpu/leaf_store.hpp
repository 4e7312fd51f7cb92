#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "buffer.hpp"
#include "leaf.hpp"
#include "marks.hpp"
#include "slab.hpp"

namespace collapse_stats::cpu {

/// The sorted leaves of a key range, kept until the rows of all key ranges are counted and it is
/// known where in the run theirs go. Sorted records of one word take no more than the unsorted ones
/// did, and at most half of what rows take, so they fit into memory that is there already: pages
/// that were never touched cost more than sorting what is written to them. A copy in and a copy
/// out, 0.6 ns per record each.
class LeafStore {
 public:
  /// Where leaves are copied to when they are read.
  struct Columns {
    Buffer<std::uint64_t> high, low;
  };

  /// Appends a leaf of `rows` rows; the arena must live as long.
  void add(const Leaf& leaf, std::size_t rows, Arena& arena);

  std::size_t rows() const { return rows_; }

  /// Gives all leaves to a sink, in the order they came in.
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

  /// A place among the words of the parts.
  struct Place {
    std::size_t part = 0;
    std::size_t word = 0;
  };

  void append(const std::uint64_t* words, std::size_t number, Arena& arena);
  void read(Place& place, std::uint64_t* words, std::size_t number) const;

  std::size_t rows_ = 0;
  std::vector<Kept> leaves_;
  std::vector<Extra> extras_;
  std::vector<std::uint64_t*> parts_;  // high, then low, leaf after leaf
  std::size_t used_ = part_words;      // of the last part; full if there is none

  static constexpr std::size_t part_words = part_bytes / sizeof(std::uint64_t);
};

/// Keeps leaves, their rows counted.
class LeafKeeper final : public LeafSink {
 public:
  explicit LeafKeeper(const RecordFormat& format) : marks_(format, format.layout.max_order) {}

  /// Where the leaves that follow go.
  void keep_in(LeafStore& store) { store_ = &store; }

  void leaf(const Leaf& leaf) override { store_->add(leaf, marks_.count_rows(leaf), arena_); }

  /// What the leaves are kept in.
  Arena& arena() { return arena_; }

 private:
  Marks marks_;
  LeafStore* store_ = nullptr;
  Arena arena_;
};

}  // namespace collapse_stats::cpu
