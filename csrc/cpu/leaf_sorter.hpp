#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "buffer.hpp"
#include "key_range_lists.hpp"
#include "leaf.hpp"

namespace collapse_stats::cpu {

/// A left-aligned value of up to 128 bits.
struct WordPair {
  std::uint64_t high, low;
  auto operator<=>(const WordPair&) const = default;
};

/// `pair` without its top `bits` (below 64).
inline WordPair without_top(WordPair pair, unsigned bits) {
  return {pair.high << bits | pair.low >> 1 >> (63 - bits), pair.low << bits};
}

/// Sorts the records of a leaf and passes the leaf to a sink.
///
/// Records of one word cost 3 ns each with AVX-512 (see `sort64`). For records of two words, the
/// upper bits are sorted as one word, with the record's place in the lower bits; the remaining bits
/// are then fetched by place, and records with equal upper bits are sorted by them. This costs 3 ns
/// more, bound by the fetches and by short sorts.
class LeafSorter {
 public:
  /// The top key bits that all records of a leaf share.
  struct Prefix {
    unsigned bits;
    Key value;
  };

  /// Leaves that are large enough are sorted by `threads` threads.
  LeafSorter(const RecordFormat& format, unsigned threads) : format_(format), threads_(threads) {}

  /// Sort records of one word in place. `squeezed` lists how often records were seen that the words
  /// contain once each. The top `dropped` bits of their heads are not part of the words.
  void sort(std::uint64_t* words, std::size_t size, const Prefix& prefix, unsigned dropped,
            std::span<const Squeezed> squeezed, LeafSink& sink);

  /// The same for records of two words.
  void sort(WordPair* pairs, std::size_t size, const Prefix& prefix, unsigned dropped,
            std::span<const Squeezed> squeezed, LeafSink& sink);

 private:
  void sort_words(std::uint64_t* words, std::size_t size);
  void sort_by_places(const WordPair* pairs, std::size_t size, unsigned place_bits);
  void sort_whole(WordPair* pairs, std::size_t size);
  void sort_ties(std::size_t size);
  void give(Leaf& leaf, unsigned dropped, std::span<const Squeezed> squeezed, LeafSink& sink);

  const RecordFormat format_;
  const unsigned threads_;
  Buffer<std::uint64_t> scratch_, high_, low_, unsorted_low_, ties_;
  std::vector<Extra> extras_;
};

}  // namespace collapse_stats::cpu
