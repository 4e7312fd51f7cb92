#include "leaf_sorter.hpp"

#include <algorithm>
#include <bit>

#include "mark.hpp"
#include "sort64.hpp"
#include "sort64_parallel.hpp"

namespace collapse_stats::cpu {
namespace {

/// The bits of a pair after the first `size` (1 to 64) bits of its upper word, left-aligned.
std::uint64_t behind(const WordPair& pair, unsigned size) {
  return size == 64 ? pair.low : pair.high << size | pair.low >> (64 - size);
}

}  // namespace

void LeafSorter::sort(std::uint64_t* words, std::size_t size, const Prefix& prefix,
                      unsigned dropped, std::span<const Squeezed> squeezed, LeafSink& sink) {
  sort_words(words, size);
  Leaf leaf{&format_, size, words, nullptr, 64, prefix.bits, prefix.value, {}};
  give(leaf, dropped, squeezed, sink);
}

void LeafSorter::sort(WordPair* pairs, std::size_t size, const Prefix& prefix, unsigned dropped,
                      std::span<const Squeezed> squeezed, LeafSink& sink) {
  high_.reserve(size + Leaf::padding);
  low_.reserve(size + Leaf::padding);
  const auto place_bits = static_cast<unsigned>(std::bit_width(size - 1));
  const bool fits = format_.bits() - prefix.bits <= 64 + (64 - place_bits);
  if (fits)
    sort_by_places(pairs, size, place_bits);
  else
    sort_whole(pairs, size);
  Leaf leaf{&format_,     size, high_.data(), low_.data(), fits ? 64 - place_bits : 64, prefix.bits,
            prefix.value, {}};
  give(leaf, dropped, squeezed, sink);
}

void LeafSorter::sort_words(std::uint64_t* words, std::size_t size) {
  constexpr std::size_t worth_sharing = 1 << 17;
  if (threads_ > 1 && size >= worth_sharing)
    sort64_parallel(words, scratch_.reserve(size), size, threads_);
  else
    sort64(words, scratch_.reserve(size), size);
}

void LeafSorter::sort_by_places(const WordPair* pairs, std::size_t size, unsigned place_bits) {
  std::uint64_t* const high = high_.data();
  std::uint64_t* const low = low_.data();
  std::uint64_t* const unsorted = unsorted_low_.reserve(size);
  const std::uint64_t place_mask = low_bits(place_bits);
  for (std::size_t i = 0; i < size; ++i) {
    high[i] = (pairs[i].high & ~place_mask) | i;
    unsorted[i] = behind(pairs[i], 64 - place_bits);
  }
  sort_words(high, size);
  for (std::size_t i = 0; i < size; ++i) {
    low[i] = unsorted[high[i] & place_mask];
    high[i] &= ~place_mask;
  }
  sort_ties(size);
}

/// Used for so many records that a place does not fit next to the rest of a record.
void LeafSorter::sort_whole(WordPair* pairs, std::size_t size) {
  std::sort(pairs, pairs + size);
  for (std::size_t i = 0; i < size; ++i) {
    high_.data()[i] = pairs[i].high;
    low_.data()[i] = pairs[i].low;
  }
}

/// Sort by the lower words where the upper words are equal.
void LeafSorter::sort_ties(std::size_t size) {
  const std::size_t words = (size + 63) / 64;
  std::uint64_t* const last = ties_.reserve(words);
  mark_kernels().changes(high_.data(), nullptr, words, {~std::uint64_t{0}, 0}, last);
  const std::uint64_t final_record = std::uint64_t{1} << (size - 1) % 64;
  last[words - 1] = (last[words - 1] & (final_record - 1)) | final_record;

  std::uint64_t* const low = low_.data();
  std::uint64_t first_begins = 1;
  std::size_t first = 0;
  for (std::size_t word = 0; word < words; ++word) {
    const std::uint64_t begins = last[word] << 1 | first_begins;
    first_begins = last[word] >> 63;
    std::uint64_t edges = last[word] ^ begins;  // alternately begin and end of a longer group
    if (word + 1 == words) edges &= final_record | (final_record - 1);
    for (; edges != 0; edges &= edges - 1) {
      const auto bit = static_cast<unsigned>(std::countr_zero(edges));
      const std::size_t place = word * 64 + bit;
      if ((last[word] >> bit & 1) == 0) {
        first = place;
      } else if (place - first == 1) {
        const std::uint64_t least = std::min(low[first], low[place]);
        low[place] = std::max(low[first], low[place]);
        low[first] = least;
      } else {
        sort64(low + first, scratch_.data(), place + 1 - first);
      }
    }
  }
}

void LeafSorter::give(Leaf& leaf, unsigned dropped, std::span<const Squeezed> squeezed,
                      LeafSink& sink) {
  extras_.clear();
  for (const Squeezed& record : squeezed) {
    const std::uint64_t tail = format_.tail_bits == 0 ? 0 : record.tail << (64 - format_.tail_bits);
    const WordPair pair = without_top({record.head, tail}, dropped);
    const std::uint64_t high = pair.high & high_bits(leaf.high_size);
    const std::uint64_t low = behind(pair, leaf.high_size);
    const std::uint64_t* const begin = leaf.high;
    const auto [from, to] = std::equal_range(begin, begin + leaf.size, high);
    auto place = static_cast<std::size_t>(from - begin);
    if (leaf.low != nullptr)
      place = static_cast<std::size_t>(
          std::lower_bound(leaf.low + place, leaf.low + (to - begin), low) - leaf.low);
    const auto label =
        static_cast<unsigned>(leaf.labelled_rest(place) & low_mask(format_.layout.label_bits));
    extras_.push_back({place, label, record.number - 1});  // the records contain it once
  }
  leaf.extras = extras_;
  sink.leaf(leaf);
}

}  // namespace collapse_stats::cpu
