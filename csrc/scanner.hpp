#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "ngram_table.hpp"
#include "tally.hpp"

namespace collapse_stats {

/// Turns ascending rows into joint spectra of every order. Rows that share their first n codes form
/// a group of order n: they are one n-gram, and its count is the sum of their counts.
///
/// Works on blocks that stay in cache. Comparing neighbours gives one bit per row and order that
/// marks the first row of a group; running sums of the counts then give the count of a group.
/// Groups of a single row that was seen once are by far the most frequent, and are counted 64 at a
/// time by popcount. Costs 8 ns per row of text for five orders and two labels.
///
/// Input: whole key ranges in any order, each followed by `end_key_range`. Results over disjoint
/// key ranges can be added.
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

  /// A group whose last row has not been reached.
  struct Group {
    bool open = false;
    bool has_ended = false;            // no token follows the windows of its first row
    Key codes = 0;                     // the codes of the bigram, for order 2
    LabelCounts<max_labels> before{};  // windows before the group
    LabelCounts<max_labels> ended{};   // windows of its first row, if `has_ended`
  };

  // Instances exist for 1, 2, 4 and 8 labels.
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
  unsigned first_order_;  // the shortest prefix whose windows all lie in one key range
  Tally tally_;
  std::vector<Group> groups_;  // [order]
  bool began_ = false;         // whether rows of the key range were scanned

  // The current block.
  std::size_t size_ = 0, words_ = 0;
  std::vector<std::uint64_t> high_, low_;  // the key before the block, the block's keys, padding
  std::vector<Count> sums_;                // [row][label]: windows before the row
  std::vector<std::uint64_t> tags_;  // per row: one bit per label if its count is odd; `seen_more`
  std::vector<Count> zeros_;         // the counts of labels that the layout lacks
  Bits begins_;                      // [order]: the row is the first of its group
  Bits whole_;                       // [order]: the window is at least that long
  Bits once_;                        // [label]: the row was seen once, under this label
  Bits more_;                        // the row was seen more than once
};

}  // namespace collapse_stats
