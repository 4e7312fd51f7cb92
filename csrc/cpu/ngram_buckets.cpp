#include "ngram_buckets.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>
#include <string>

#include "../key.hpp"
#include "ids.hpp"
#include "parallel.hpp"
#include "piece.hpp"
#include "tokens.hpp"

namespace collapse_stats::cpu {
namespace {

constexpr std::uint64_t all_buckets = std::uint64_t{1} << bucket_bits;

std::uint64_t bucket_of(std::uint64_t hash) {
  hash ^= hash >> 30;
  hash *= 0xBF58476D1CE4E5B9;
  hash ^= hash >> 27;
  hash *= 0x94D049BB133111EB;
  hash ^= hash >> 31;
  return hash >> (64 - bucket_bits);
}

/// Call `visit(begin, end, limit)` for each span: n-grams of this order begin at `begin <= i < end`
/// and the document ends at `limit`.
template <class Visit>
void for_each_span(const Chunk& chunk, std::size_t order, Visit visit) {
  for (std::size_t span = 0; span < chunk.start.size(); ++span) {
    const std::size_t start = start_of(chunk, span);
    const auto [stop, limit, label] = span_at(chunk, span, start, max_labels);
    if (limit >= order) visit(start, std::min(stop, limit - order + 1), limit);
  }
}

/// Tokens have a bucket each.
template <class Token>
void add_tokens(const Chunk& chunk, const Token* tokens, const Buckets& buckets, BucketSums sums) {
  for_each_span(chunk, 1, [&](std::size_t begin, std::size_t end, std::size_t limit) {
    for (std::size_t i = begin; i < end; ++i) {
      const Token token = read_once(tokens[i]);
      const auto id = static_cast<std::uint64_t>(token);  // negative ids become huge
      if (id >= buckets.vocab_size)
        throw outside_vocabulary(std::to_string(token), i, buckets.vocab_size);
      ++sums[id + (i + 1 == limit ? buckets.vocab_size : 0)];
    }
  });
}

/// Adds ones to sums in parts: numbers of buckets wait until many are of one part, whose sums then
/// fit into the cache. One after the other would miss the cache and the TLB, at three times the cost.
class PartedSums {
 public:
  explicit PartedSums(BucketSums sums) : sums_(sums), waiting_(parts * room) {}

  void add(std::uint64_t bucket) {
    const std::size_t part = bucket >> (bucket_bits - part_bits);
    waiting_[part * room + filled_[part]] = static_cast<std::uint32_t>(bucket);
    if (++filled_[part] == room) settle(part);
  }

  void settle() {
    for (std::size_t part = 0; part < parts; ++part) settle(part);
  }

 private:
  static constexpr unsigned part_bits = 4;
  static constexpr std::size_t parts = std::size_t{1} << part_bits;
  static constexpr std::size_t room = 2048;  // numbers of one part that wait

  void settle(std::size_t part) {
    const std::uint32_t* buckets = waiting_.data() + part * room;
    for (std::size_t i = 0; i < filled_[part]; ++i) ++sums_[buckets[i]];
    filled_[part] = 0;
  }

  BucketSums sums_;
  std::vector<std::uint32_t> waiting_;
  std::array<std::size_t, parts> filled_{};
};

template <class Token>
std::vector<std::int64_t> add_hashed(const Chunk& chunk, const Token* tokens, std::size_t order,
                                     const Buckets& buckets, BucketSums sums) {
  std::vector<std::int64_t> kept;
  PartedSums parted(sums);
  const std::uint64_t others = buckets.one_of - 1;
  const auto bucket_at = [&](std::size_t begin) {
    std::uint64_t hash = 0;
    for (std::size_t i = begin; i < begin + order; ++i)
      hash = hash * mix_multiplier + static_cast<std::uint64_t>(tokens[i]) + 1;
    const std::uint64_t bucket = bucket_of(hash);
    if ((bucket & others) == 0) kept.push_back(static_cast<std::int64_t>(begin));
    return bucket;
  };
  for_each_span(chunk, order, [&](std::size_t begin, std::size_t end, std::size_t limit) {
    const bool has_last = begin < end && end + order == limit + 1;
    for (std::size_t i = begin; i + has_last < end; ++i) parted.add(bucket_at(i));
    if (has_last) ++sums[all_buckets + bucket_at(end - 1)];
  });
  parted.settle();
  return kept;
}

}  // namespace

std::vector<std::vector<std::int64_t>> add_to_buckets(const Chunk& chunk, const Buckets& buckets,
                                                      std::span<const BucketSums> sums,
                                                      unsigned threads) {
  const bool whole = buckets.vocab_size <= most_tokens;
  for (std::size_t n = 1; n <= sums.size(); ++n)
    if (sums[n - 1].size() != 2 * (n == 1 && whole ? buckets.vocab_size : all_buckets))
      throw std::invalid_argument("the sums of order " + std::to_string(n) + " have another size");
  cut(chunk, max_labels, chunk.size + 1);  // for its checks of the spans
  std::vector<std::vector<std::int64_t>> kept(sums.size());
  with_tokens(chunk, [&](const auto* tokens) {
    parallel_for(sums.size(), threads, [&](std::size_t task, unsigned) {
      const std::size_t order = sums.size() - task;  // the one that takes longest comes first
      if (order == 1 && whole) return add_tokens(chunk, tokens, buckets, sums[0]);
      kept[order - 1] = add_hashed(chunk, tokens, order, buckets, sums[order - 1]);
    });
  });
  return kept;
}

}  // namespace collapse_stats::cpu
