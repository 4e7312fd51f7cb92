#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace collapse_stats::cpu {

/// Packed tokens with the bounds of their documents.
struct Documents {
  std::span<const std::uint32_t> tokens;
  std::span<const std::int64_t> start;
  std::span<const std::int64_t> stop;
};

/// A set of n-grams of one order, each with a weight, some of which are covered by documents that
/// were chosen. It is a hash table with open addressing over 64-bit keys; a key has the codes of
/// the n-gram (id + 1) next to each other as long as they fit, and is then mixed, so that it is a
/// hash of itself. python/collapse_stats/backends/numpy/ngram_set.py states the same in NumPy.
///
/// Looking things up is safe from several threads at once, everything else is not.
class NgramSet {
 public:
  static constexpr std::uint16_t settled = 1 << 15;  ///< covered before `settle`
  static constexpr std::uint16_t newly = 1 << 14;    ///< covered since
  static constexpr std::uint16_t covered = settled | newly;
  static constexpr std::uint16_t weight_mask = newly - 1;

  /// Throws std::invalid_argument unless 1 <= order, 1 <= code_bits <= 33, weight <= weight_mask.
  NgramSet(unsigned order, unsigned code_bits, std::uint16_t weight, std::size_t room,
           unsigned threads);

  std::size_t size() const { return size_; }

  /// Give n-grams weights, and add those that are not in the set.
  void put(std::span<const std::uint64_t> keys, std::span<const std::uint16_t> weights);

  /// The weights of n-grams, 0 of those that are not in the set.
  void get(std::span<const std::uint64_t> keys, std::span<std::uint16_t> weights) const;

  /// The weights of the distinct n-grams of each document, added up: of all, and of those that are
  /// not covered. Costs 20 ns per token on one core where the set is larger than the cache.
  void sums(const Documents& documents, std::span<std::int64_t> all,
            std::span<std::int64_t> left) const;

  /// Cover the n-grams of documents, and add those that are not in the set.
  void cover(const Documents& documents);

  void uncover();  ///< what was covered since `settle`
  void settle();

  /// How many stretches of `span` tokens of each document have only n-grams of the set.
  void shared(const Documents& documents, unsigned span, std::span<std::int64_t> number) const;

 private:
  class Scratch;

  std::size_t home(std::uint64_t key) const {
    return static_cast<std::size_t>((key >> 32) * slots_.size() >> 32);
  }

  /// The slot of a key, or the free one where it would be.
  std::size_t find(std::uint64_t key) const;

  /// The slot of a key, which is added if it is not there.
  std::size_t add(std::uint64_t key);

  void make_room(std::size_t more);
  void for_each_document(const Documents& documents, auto body) const;

  unsigned order_;
  unsigned code_bits_;
  std::uint16_t weight_;
  unsigned threads_;
  std::size_t size_ = 0;
  std::vector<std::uint64_t> slots_;   ///< keys, 0 where there is none
  std::vector<std::uint16_t> values_;  ///< weight, and whether the n-gram is covered
};

}  // namespace collapse_stats::cpu
