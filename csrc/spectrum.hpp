#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

#include "key.hpp"

namespace collapse_stats {

/// Two sets of labels: bit l of a mask stands for label l.
struct Masks {
  unsigned first;
  unsigned second;
  bool operator==(const Masks&) const = default;
};

/// Throws std::invalid_argument if a mask contains labels that the layout does not have.
void check_masks(const Layout& layout, std::span<const Masks> masks);

/// How many n-grams were seen `a` times in one corpus and `b` times in the other. Invariant: rows
/// are strictly ascending by (a, b), none of them is (0, 0), and `types` is positive.
struct JointSpectrum {
  std::vector<Count> a, b, types;
};

/// The joint spectra of every order and pair of masks: `ngrams[order - 1][pair]`. `contexts` are
/// spectra of the (order - 1)-grams by how often they are followed by a token.
struct JointSpectra {
  std::vector<std::vector<JointSpectrum>> ngrams, contexts;
};

/// A joint spectrum under construction: small counts in a dense table, the rest in a hash table.
/// Numbers of types wrap around, so that what was added can be subtracted later.
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

  /// Call `visit(a, b, types)` for every pair of counts that may have types.
  template <class Visit>
  void each(Visit visit) const {
    for (std::size_t cell = 0; cell < dense_.size(); ++cell)
      if (dense_[cell] != 0) visit(cell / height_, cell % height_, dense_[cell]);
    for (const Cell& cell : large_)
      if (cell.types != 0) visit(cell.a, cell.b, cell.types);
  }

  JointSpectrum spectrum() const;

 private:
  struct Cell {
    Count a, b, types;
  };

  void add_large(Count a, Count b, Count types);
  Cell& large_cell(Count a, Count b);
  void grow();

  Count width_, height_;
  std::vector<Count> dense_;
  std::vector<Cell> large_;  // open addressing with linear probing; (0, 0) marks a free cell
  std::size_t used_ = 0;     // number of used cells in `large_`: at most half of them
};

/// Counts by first token. They are kept apart because the windows that begin with one token lie in
/// many key ranges.
class Unigrams {
 public:
  /// `columns` counts are kept for each token.
  Unigrams(std::uint64_t vocab_size, std::size_t columns);

  /// Add windows that begin with `token`, given as one count per column; `continued` says whether a
  /// second token follows. Keys of foreign tables may have a token outside the vocabulary: `check`
  /// finds it.
  void add(std::uint64_t token, std::span<const Count> counts, bool continued) {
    const std::size_t at = slot(token);
    for (std::size_t column = 0; column < counts.size(); ++column)
      seen_[at + column] += counts[column];
    if (continued) return;
    for (std::size_t column = 0; column < counts.size(); ++column)
      ended_[at + column] += counts[column];
  }

  void add(const Unigrams& other);

  /// Prefetch the memory that `add` will need.
  void prefetch(std::uint64_t token) const {
    __builtin_prefetch(seen_.data() + std::min(token, last_) * columns_, 1);
  }

  /// Throw std::invalid_argument if a token outside the vocabulary was added.
  void check() const;

  /// Call `visit(seen, continued)` for every token; both point to `columns` counts.
  template <class Visit>
  void each(Visit visit) const {
    std::vector<Count> continued(columns_);
    const std::size_t end = dense_ ? vocab_size_ * columns_ : seen_.size();
    for (std::size_t at = 0; at < end; at += columns_) {
      for (std::size_t column = 0; column < columns_; ++column)
        continued[column] = seen_[at + column] - ended_[at + column];
      visit(&seen_[at], continued.data());
    }
  }

 private:
  std::size_t slot(std::uint64_t token) {
    return dense_ ? std::min(token, last_) * columns_ : sparse_slot(token);
  }
  std::size_t sparse_slot(std::uint64_t token);

  std::uint64_t vocab_size_;
  // The slot of every token outside the vocabulary, behind those of the vocabulary; 0 if sparse.
  std::uint64_t last_;
  std::size_t columns_;
  bool dense_;  // whether the slot of a token is the token itself, or is found in `slots_`
  std::unordered_map<std::uint64_t, std::size_t> slots_;
  std::vector<Count> seen_, ended_;  // separate arrays, as most windows need only the first
};

}  // namespace collapse_stats
