#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "../chunk.hpp"

/// Buckets of n-grams by their hash, from which a sample of n-grams is taken.
/// `python/collapse_stats/ngrams/ngram_hash.py` states the rule.
namespace collapse_stats::cpu {

constexpr unsigned bucket_bits = 20;

/// The largest vocabulary whose tokens have a bucket each.
constexpr std::uint64_t most_tokens = std::uint64_t{1} << 20;

/// The numbers of occurrences in the buckets of one order, of which each has two: of n-grams that a
/// token of their document follows, and behind those the same of n-grams at its end.
using BucketSums = std::span<std::int64_t>;

/// Which buckets are whose.
struct Buckets {
  std::uint64_t vocab_size;
  std::uint64_t one_of;  ///< a power of two: every so many-th bucket is kept
};

/// Add the n-grams of a chunk to the sums of the orders 1, 2, ..., and return for each order where
/// those of kept buckets begin, in the order of the spans. Where tokens have a bucket each, none of
/// order 1 are returned.
///
/// Threads share the work by orders, so that none needs sums of its own. An n-gram costs about
/// 7 ns, most of it for the way to its place in 8 MB of sums.
///
/// Throws std::invalid_argument if an id is outside the vocabulary, a span is not in the tokens, or
/// the sums have other sizes; the sums then hold a part of the chunk.
std::vector<std::vector<std::int64_t>> add_to_buckets(const Chunk& chunk, const Buckets& buckets,
                                                      std::span<const BucketSums> sums,
                                                      unsigned threads);

}  // namespace collapse_stats::cpu
