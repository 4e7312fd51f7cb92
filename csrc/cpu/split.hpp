#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "key_range_lists.hpp"
#include "leaf_sorter.hpp"

namespace collapse_stats::cpu {

/// Splits the records of a key range into leaves that fit into the inner caches, and sorts them one
/// by one. Records are read twice: from memory to be counted, and from cache to be moved. Costs 3
/// ns per record, bound by cache latency. The work space is kept between key ranges.
template <class Tail>
class KeyRangeSplitter {
 public:
  using Lists = std::span<const KeyRangeLists<Tail>* const>;

  /// The first key range of the lists is `first_key_range`. The lists must outlive the splitter.
  /// Large leaves are sorted by `threads` threads.
  KeyRangeSplitter(const RecordFormat& format, unsigned first_key_range, Lists lists,
                   unsigned threads)
      : format_(format),
        first_key_range_(first_key_range),
        lists_(lists),
        sorter_(format, threads) {}

  /// Pass the leaves of key range `index` of the lists to a sink, in ascending order.
  void split(std::size_t index, LeafSink& sink) {
    gather_squeezed(index);
    std::size_t size = squeezed_.size();
    for (const auto* list : lists_) size += list->size(index);
    if (size == 0) return;

    bits_ = split_bits(size);
    one_word_ = format_.tail_bits <= bits_;
    count(index);
    move(index, size);
    std::size_t begin = 0;
    auto squeezed = squeezed_.begin();
    for (std::size_t bucket = 0; bucket < ends_.size(); ++bucket) {
      const auto first = squeezed;
      while (squeezed != squeezed_.end() && bucket_of(squeezed->head) == bucket) ++squeezed;
      const std::size_t end = ends_[bucket];
      const LeafSorter::Prefix prefix{format_.key_range_bits + bits_,
                                      (first_key_range_ + Key{index}) << bits_ | bucket};
      const std::span<const Squeezed> extras(first, squeezed);
      if (begin == end) continue;
      if (one_word_)
        sorter_.sort(words_.data() + begin, end - begin, prefix, bits_, extras, sink);
      else
        sorter_.sort(pairs_.data() + begin, end - begin, prefix, bits_, extras, sink);
      begin = end;
    }
  }

 private:
  static constexpr unsigned max_split_bits = 11;
  static constexpr unsigned max_bits_beside =
      16;  // for key ranges of many records that are mostly equal
  static constexpr unsigned leaf_size_bits = 11;  // leaves of 1024 to 2048 records
  static constexpr std::size_t least_leaf = 32;   // records that are worth a leaf of their own
  static constexpr std::size_t ahead = 128;       // distance of prefetches, in records

  /// Number of mixed bits that select a leaf: as many as its size suggests, or enough to leave one
  /// word of each record.
  unsigned split_bits(std::size_t size) const {
    const auto size_bits = static_cast<unsigned>(std::bit_width(size));
    const unsigned most = std::min(max_split_bits, format_.mixed_bits);
    const unsigned tail = format_.tail_bits;
    const unsigned wanted = size_bits > leaf_size_bits ? size_bits - leaf_size_bits : 0;
    if (wanted >= tail) return std::min(wanted, most);
    if (tail <= most && size >> tail >= least_leaf) return tail;
    // A record's place must fit behind the rest of the record in two words.
    const unsigned beside = tail + size_bits > 64 ? tail + size_bits - 64 : 0;
    return std::max(std::min(wanted, most),
                    std::min({beside, max_bits_beside, format_.mixed_bits}));
  }

  /// Without bits there is one bucket. Two shifts are needed, as a word cannot be shifted by its
  /// whole width.
  std::size_t bucket_of(std::uint64_t head) const { return head >> 1 >> (63 - bits_); }

  void gather_squeezed(std::size_t index) {
    squeezed_.clear();
    for (const auto* list : lists_) {
      const auto part = list->squeezed(index);
      squeezed_.insert(squeezed_.end(), part.begin(), part.end());
    }
    std::sort(squeezed_.begin(), squeezed_.end(), [](const Squeezed& a, const Squeezed& b) {
      return a.head != b.head ? a.head < b.head : a.tail < b.tail;
    });
    std::size_t kept = 0;
    for (const Squeezed& record : squeezed_) {
      if (kept > 0 && squeezed_[kept - 1].head == record.head &&
          squeezed_[kept - 1].tail == record.tail)
        squeezed_[kept - 1].number += record.number;
      else
        squeezed_[kept++] = record;
    }
    squeezed_.resize(kept);
  }

  /// Call `visit(heads, tails, number)` for all records, including each squeezed one once.
  template <class Visit>
  void each(std::size_t index, Visit visit) {
    for (const auto* list : lists_) list->each(index, visit);
    for (const Squeezed& record : squeezed_) {
      Tail tail{};
      if constexpr (KeyRangeLists<Tail>::has_tail) tail = static_cast<Tail>(record.tail);
      visit(&record.head, &tail, std::size_t{1});
    }
  }

  /// Compute the first place of each bucket, in `ends_`.
  void count(std::size_t index) {
    const std::size_t buckets = std::size_t{1} << bits_;
    ends_.assign(buckets, 0);
    if (bits_ == 0) return;
    counts_.assign(4 * buckets, 0);  // four each: increments of one would wait
    std::size_t* const counts = counts_.data();
    each(index, [&](const std::uint64_t* heads, const Tail*, std::size_t number) {
      std::size_t i = 0;
      for (; i + 4 <= number; i += 4) {
        __builtin_prefetch(heads + i + ahead);
        for (std::size_t lane = 0; lane < 4; ++lane)
          ++counts[lane * buckets + bucket_of(heads[i + lane])];
      }
      for (; i < number; ++i) ++counts[bucket_of(heads[i])];
    });
    std::size_t begin = 0;
    for (std::size_t bucket = 0; bucket < buckets; ++bucket) {
      ends_[bucket] = begin;
      for (std::size_t lane = 0; lane < 4; ++lane) begin += counts_[lane * buckets + bucket];
    }
  }

  /// Move records to their buckets without the bits that select the bucket. Afterwards `ends_`
  /// holds the ends of the buckets.
  void move(std::size_t index, std::size_t size) {
    std::size_t* const next = ends_.data();
    const unsigned bits = bits_;
    const unsigned tail_bits = format_.tail_bits;
    if (one_word_) {
      std::uint64_t* const words = words_.reserve(size + Leaf::padding);
      const unsigned tail_shift = bits - tail_bits;
      each(index, [=, this](const std::uint64_t* heads, const Tail* tails, std::size_t number) {
        for (std::size_t i = 0; i < number; ++i) {
          std::uint64_t word = heads[i] << bits;
          if constexpr (KeyRangeLists<Tail>::has_tail)
            word |= std::uint64_t{tails[i]} << tail_shift;
          words[next[bucket_of(heads[i])]++] = word;
        }
      });
    } else if constexpr (KeyRangeLists<Tail>::has_tail) {
      WordPair* const pairs = pairs_.reserve(size);
      each(index, [=, this](const std::uint64_t* heads, const Tail* tails, std::size_t number) {
        for (std::size_t i = 0; i < number; ++i)
          pairs[next[bucket_of(heads[i])]++] =
              without_top({heads[i], std::uint64_t{tails[i]} << (64 - tail_bits)}, bits);
      });
    }
  }

  const RecordFormat format_;
  const unsigned first_key_range_;
  const Lists lists_;
  LeafSorter sorter_;
  unsigned bits_ = 0;
  bool one_word_ = true;
  std::vector<Squeezed> squeezed_;
  std::vector<std::size_t> ends_, counts_;
  Buffer<std::uint64_t> words_;
  Buffer<WordPair> pairs_;
};

}  // namespace collapse_stats::cpu
