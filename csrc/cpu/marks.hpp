#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "../tally.hpp"
#include "leaf.hpp"

namespace collapse_stats::cpu {

/// Bitmaps that describe a sorted leaf. Records that share their first n codes form a group of
/// order n. Each bitmap takes two vector instructions per eight records (see `MarkKernels`);
/// everything else works on 64 records at a time. Costs 0.4 ns per record for five orders, bound by
/// instructions.
class Marks {
 public:
  /// Marks for the orders from `first_order` on.
  Marks(const RecordFormat& format, unsigned first_order);

  /// Compute the marks of a leaf, whose columns are also read by later calls until the next `mark`.
  void mark(const Leaf& leaf);

  /// Count the rows of a leaf, which are its distinct windows whatever their labels. The other
  /// marks are undefined afterwards.
  std::size_t count_rows(const Leaf& leaf);

  std::size_t words() const { return words_; }

  /// Bit i of `last(n)`: record i is the last of its group of order n.
  const std::uint64_t* last(unsigned order) const { return plane(order - first_order_); }

  /// Bit i of `cut(n)`: the document of record i ends before the n-th token. For order 2 all bits
  /// are zero, because the second code is mixed; for order 1 as well, because every window has a
  /// first token.
  const std::uint64_t* cut(unsigned order) const { return plane(orders() + order - first_order_); }
  std::uint64_t* cut(unsigned order) { return plane(orders() + order - first_order_); }

  /// Whether the document of any record ends before the window's last token.
  bool any_cut() const { return any_cut_; }

  /// Bit i: record i of the word has this label, which must not be 0.
  template <unsigned labels>
  std::uint64_t labelled(std::size_t word, unsigned label) const {
    return label_words_[word * (labels - 1) + label - 1].bits;
  }

  /// The bits of the word that stand for records.
  std::uint64_t valid(std::size_t word) const {
    return word + 1 < words_ ? ~std::uint64_t{0} : low_bits(((size_ - 1) & 63) + 1);
  }

  /// First record of the group to which a record belongs, and one past its last record. `last` is
  /// `last(n)`.
  std::size_t begin_of_group(const std::uint64_t* last, std::size_t place) const;
  std::size_t end_of_group(const std::uint64_t* last, std::size_t place) const;

  /// Number of records of each label before `place`; for label 0, the number of all records.
  template <unsigned labels>
  LabelCounts<labels> before(std::size_t place) const {
    LabelCounts<labels> counts;
    counts[0] = place;
    for (unsigned label = 1; label < labels; ++label)
      counts[label] = label_words_[place / 64 * (labels - 1) + label - 1].rank(place % 64);
    return counts;
  }

  /// Number of records `first <= i < end` of each label.
  template <unsigned labels>
  LabelCounts<labels> records(std::size_t first, std::size_t end) const {
    return between<labels>(before<labels>(first), before<labels>(end));
  }

  /// Number of records of each label between two places, from the results of `before` for both.
  template <unsigned labels>
  static LabelCounts<labels> between(const LabelCounts<labels>& from, LabelCounts<labels> until) {
    until[0] -= from[0];
    for (unsigned label = 1; label < labels; ++label) {
      until[label] -= from[label];
      until[0] -= until[label];
    }
    return until;
  }

 private:
  unsigned orders() const { return max_order_ + 1 - first_order_; }
  const std::uint64_t* plane(unsigned index) const { return planes_.data() + index * words_; }
  std::uint64_t* plane(unsigned index) { return planes_.data() + index * words_; }
  void begin(const Leaf& leaf);
  void mark_last(const Leaf& leaf, unsigned order);
  void mark_labels(const Leaf& leaf);

  /// The records of one label among 64 records.
  struct LabelWord {
    std::uint64_t bits;
    Count before;  ///< records of the label in earlier words

    Count rank(std::size_t bit) const {
      return before +
             static_cast<Count>(std::popcount(bits & low_bits(static_cast<unsigned>(bit))));
    }
  };

  unsigned first_order_, max_order_, code_bits_, labels_, label_bits_;
  std::size_t size_ = 0;
  std::size_t words_ = 0;
  bool any_cut_ = false;
  std::vector<std::uint64_t>
      planes_;  // last(n), then cut(n), then one bitmap for each bit of the label
  std::vector<LabelWord> label_words_;  // [words + 1][labels - 1]
};

}  // namespace collapse_stats::cpu
