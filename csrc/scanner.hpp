#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "ngram_table.hpp"
#include "tally.hpp"

namespace collapse_stats {

/// Turns ascending rows into joint spectra of every order. Rows that share their first n codes are
/// a group of order n: an n-gram, seen as often as its rows together.
///
/// Works on blocks that stay in cache. Comparing neighbours gives a bit per row and order, "the
/// first of its group"; running sums of the counts give what a group was seen. Groups of one row
/// that was seen once, the most by far, are counted 64 at a time by popcount. 8 ns a row of text,
/// five orders, two labels.
///
/// Input: whole key ranges, each followed by `end_key_range`, in any order. Results over disjoint
/// key ranges add.
class Scanner final : public RowSink {
 public:
  Scanner(const Layout& layout, std::span<const Masks> masks);

  void rows(const Rows& rows) override;
  void end_key_range();

  void add(const Scanner& other) { tally_.add(other.tally_); }
  JointSpectra spectra() const { return tally_.spectra(); }

 private:
  static constexpr std::size_t block_rows = 2048;
  static constexpr std::size_t block_words = block_rows / 64;

  using Bits = std::vector<std::uint64_t>;  // [order][word], or [label][word]

  /// A group whose last row has not been seen.
  struct Group {
    bool open = false;
    bool has_ended = false;            // no token follows its first row
    Key codes = 0;                     // of a bigram
    LabelCounts<max_labels> before{};  // windows in front of it
    LabelCounts<max_labels> ended{};   // windows of its first row, if nothing follows
  };

  // Instances for 1, 2, 4 and 8 labels.
  template <unsigned labels>
  void scan(const Rows& rows);
  template <unsigned labels>
  void load(const Rows& rows, std::size_t first);
  template <unsigned labels>
  void scan_bigrams();
  template <unsigned labels>
  void scan_groups(unsigned order);
  template <unsigned labels>
  void close_bigram(const LabelCounts<labels>& until);
  template <unsigned labels>
  void close_group(unsigned order, const LabelCounts<labels>& until);
  template <unsigned labels>
  void close_all();

  template <unsigned labels>
  LabelCounts<labels> before(std::size_t row) const;
  template <unsigned labels>
  LabelCounts<labels> of_row(std::size_t row) const;

  void mark_groups();
  void mark_lengths();
  void mark_once(unsigned labels);
  Key bigram(std::size_t row) const;
  std::uint64_t valid(std::size_t word) const;

  Layout layout_;
  unsigned first_order_;  // shortest prefix that key ranges keep together
  Tally tally_;
  std::vector<Group> groups_;  // [order]
  bool began_ = false;         // the key range has rows

  // The block.
  std::size_t size_ = 0, words_ = 0;
  std::vector<std::uint64_t> high_, low_;  // the key before the block, its keys, padding
  std::vector<Count> sums_;                // [row][label]: windows in front of the row
  std::vector<std::uint64_t> tags_;        // of a row: odd counts, a bit per label; seen_more
  std::vector<Count> zeros_;               // counts of a label that the layout does not have
  Bits begins_;                            // [order]: the first row of its group
  Bits whole_;                             // [order]: the window has that many tokens
  Bits once_;                              // [label]: seen once, under this label
  Bits more_;                              // seen more than once
};

}  // namespace collapse_stats
