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

/// Sorts the records of a leaf and gives it to a sink.
///
/// One word: 3 ns per record with AVX-512 (see `sort64`). Two words: the upper bits with the
/// record's place below them are sorted as one word, the other bits fetched by the place, and equal
/// upper bits finished by those: 3 ns more, bound by the fetching and by short sorts.
class LeafSorter {
 public:
  /// The bits that all records of a leaf share.
  struct Prefix {
    unsigned bits;
    Key value;
  };

  /// Sorts with `threads`, where a leaf is large enough for them.
  LeafSorter(const RecordFormat& format, unsigned threads) : format_(format), threads_(threads) {}

  /// Records that are one word; sorted in place. `squeezed` are counted besides: the records hold
  /// each of them once; the top `dropped` bits of their heads are not in the records.
  void sort(std::uint64_t* words, std::size_t size, const Prefix& prefix, unsigned dropped,
            std::span<const Squeezed> squeezed, LeafSink& sink);

  /// Records of two words.
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
