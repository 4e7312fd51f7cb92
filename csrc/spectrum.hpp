#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

#include "key.hpp"
#include "run.hpp"

namespace collapse_stats {

/// Two sets of labels: bit l of each stands for label l.
struct Masks {
  unsigned first;
  unsigned second;
};

/// How many n-grams were seen `a` times in one corpus and `b` times in the other.
/// Invariant: rows strictly ascending by (a, b), none of them (0, 0), `types` positive.
struct JointSpectrum {
  std::vector<Count> a, b, types;
};

/// Joint spectra of every order and pair of masks: `ngrams[order - 1][pair]`. `contexts` counts the
/// (order - 1)-grams that begin an n-gram by how often they do.
struct Tables {
  std::vector<std::vector<JointSpectrum>> ngrams, contexts;
};

/// A joint spectrum that is being filled: small counts in a dense table, the rest in a hash map.
/// Numbers of types wrap around, so that what was added can be taken away again.
class JointHistogram {
 public:
  explicit JointHistogram(const Masks& masks);

  void add(Count a, Count b, Count types) {
    if (a < width_ && b < height_)
      dense_[a * height_ + b] += types;
    else
      add_large(a, b, types);
  }

  void add(const JointHistogram& other);

  JointSpectrum spectrum() const;

 private:
  void add_large(Count a, Count b, Count types);

  struct Cell {
    Count a, b;
    auto operator<=>(const Cell&) const = default;
  };
  struct Hash {
    std::size_t operator()(const Cell& cell) const {
      return (cell.a * 0x9E3779B97F4A7C15 + cell.b) * 0xD6E8FEB86659FD93 >> 8;
    }
  };

  Count width_, height_;
  std::vector<Count> dense_;
  std::unordered_map<Cell, Count, Hash> rest_;
};

/// Counts per first token, which shards do not keep together.
class Unigrams {
 public:
  /// `columns` counts are kept for each token.
  Unigrams(std::uint64_t vocab_size, std::size_t columns);

  /// Adds windows that begin with `token`; `continued` if a second token follows.
  void add(std::uint64_t token, const Count* counts, bool continued);

  void add(const Unigrams& other);

  /// Calls `visit(seen, continued)` for every token; each points to `columns` counts.
  template <class Visit>
  void each(Visit visit) const {
    for (std::size_t at = 0; at < counts_.size(); at += 2 * columns_)
      visit(&counts_[at], &counts_[at + columns_]);
  }

 private:
  Count* slot(std::uint64_t token);

  std::size_t columns_;
  bool dense_;  // slot of a token = the token, or as `slots_` says
  std::unordered_map<std::uint64_t, std::size_t> slots_;
  std::vector<Count> counts_;
};

/// Turns ascending rows into joint spectra of every order. All windows that share their first n
/// codes lie next to each other: a group, closed as soon as a row differs in them.
/// Input: whole shards, each followed by `end_shard`, in any order. Results over disjoint shards
/// add.
class Scanner final : public RowSink {
 public:
  Scanner(const Layout& layout, std::span<const Masks> masks);

  void row(Key key, const Count* counts) override;
  void end_shard();

  void add(const Scanner& other);
  Tables tables() const;

 private:
  struct Pair {
    std::size_t first, second;  // columns
  };
  using Histograms = std::vector<std::vector<JointHistogram>>;  // [order][pair]

  unsigned shared_codes(Key left, Key right) const;
  void close_groups(unsigned shared);
  void close_ngram(unsigned order);
  void take_since(unsigned order);
  void tally(std::vector<JointHistogram>& histograms, const Count* columns, Count types) const;

  Layout layout_;
  unsigned first_order_;           // shortest prefix that shards keep together
  std::vector<unsigned> columns_;  // the distinct masks: counts are summed under each
  std::vector<Pair> pairs_;
  std::array<std::uint8_t, max_key_bits + 1> whole_codes_;  // in so many bits

  // The row before. All windows that share its first n codes are its group of order n, still open.
  bool open_ = false;
  Key previous_ = 0;
  unsigned previous_length_ = 0;

  std::vector<Count> total_;     // [column], of all rows so far
  std::vector<Count> before_;    // [order][column]: total when the group began
  std::vector<Count> ended_;     // [order][column]: the group's windows of exactly that length
  std::vector<bool> has_ended_;  // [order]
  std::vector<Count> scratch_;   // [column]

  Unigrams unigrams_;
  Histograms ngrams_;
  Histograms contexts_;  // what differs from ngrams_[order - 1]
};

/// Joint spectra of the windows of `runs`, whose labels are numbered through.
Tables joint_tables(const Layout& layout, std::span<const RunView> runs,
                    std::span<const Masks> masks, unsigned threads);

/// Tables of scanners over disjoint shards; at least one.
Tables sum_tables(std::vector<Scanner>& scanners);

}  // namespace collapse_stats
