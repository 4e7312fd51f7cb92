#include "cuda/planes.hpp"

#include "cuda/search.hpp"
#include "device.cuh"

namespace collapse_stats::cuda {
namespace {

constexpr unsigned word_bits = 64;
constexpr unsigned max_label_bits = 3;
static_assert(1U << max_label_bits == max_labels);

/// A word with the bits from `first` up to, not including, `last` set.
DEVICE std::uint64_t bits_between(std::uint64_t first, std::uint64_t last) {
  const std::uint64_t below = last < word_bits ? (std::uint64_t{1} << last) - 1 : ~std::uint64_t{0};
  return below & ~((std::uint64_t{1} << first) - 1);
}

/// A thread computes one word of every plane. Moves 0.125 B per token and plane, and 25 B per span;
/// the searches stay in cache.
/// sm_90: 32 registers, 8 B spilled, no shared memory.
struct PlanesOfSpans {
  static constexpr unsigned threads = 256;
  struct Shared {};

  Spans spans;
  std::uint64_t tokens, words;
  unsigned label_bits;
  std::uint64_t* planes;

  template <class Block>
  DEVICE void operator()(Block& block, Shared&) const {
    block.each([&](unsigned thread) {
      const std::uint64_t word = block.index() * threads + thread;
      if (word < words) compose(word);
    });
  }

  DEVICE void compose(std::uint64_t word) const {
    const auto begin = static_cast<std::int64_t>(word * word_bits);
    const std::int64_t end = begin + word_bits;
    const std::uint64_t first = first_failing(
        0, spans.number, [&](std::uint64_t span) { return spans.stop[span] <= begin; });
    std::uint64_t counted = 0, labels[max_label_bits] = {};
    for (std::uint64_t span = first; span < spans.number && spans.start[span] < end; ++span) {
      const std::int64_t start = spans.start[span] > begin ? spans.start[span] : begin;
      const std::int64_t stop = spans.stop[span] < end ? spans.stop[span] : end;
      if (stop <= start) continue;
      const std::uint64_t bits = bits_between(static_cast<std::uint64_t>(start - begin),
                                              static_cast<std::uint64_t>(stop - begin));
      counted |= bits;
      UNROLL
      for (unsigned bit = 0; bit < max_label_bits; ++bit)
        if (spans.label[span] >> bit & 1U) labels[bit] |= bits;
    }
    planes[word] = counted;
    planes[words + word] = cuts(first, begin, end);
    UNROLL
    for (unsigned bit = 0; bit < max_label_bits; ++bit)
      if (bit < label_bits) planes[(2 + bit) * words + word] = labels[bit];
  }

  /// The ends of documents and the end of the tokens, at which the search for a window's end stops.
  /// `near` is the first span that stops after `begin`.
  DEVICE std::uint64_t cuts(std::uint64_t near, std::int64_t begin, std::int64_t end) const {
    std::uint64_t bits = 0;
    std::uint64_t span =
        first_failing(0, near, [&](std::uint64_t before) { return spans.limit[before] < begin; });
    while (span < spans.number && spans.limit[span] < end) {
      const std::int64_t limit = spans.limit[span];
      bits |= std::uint64_t{1} << (limit - begin);
      span = first_failing_near(span + 1, spans.number, 0,
                                [&](std::uint64_t after) { return spans.limit[after] == limit; });
    }
    const auto size = static_cast<std::int64_t>(tokens);
    if (begin <= size && size < end) bits |= std::uint64_t{1} << (size - begin);
    return bits;
  }
};

}  // namespace

std::uint64_t plane_words(std::uint64_t tokens) { return tokens / word_bits + 1; }

void make_planes(Stream stream, const Spans& spans, std::uint64_t tokens, unsigned label_bits,
                 std::uint64_t* planes) {
  const std::uint64_t words = plane_words(tokens);
  Device(stream).launch((words + PlanesOfSpans::threads - 1) / PlanesOfSpans::threads,
                        PlanesOfSpans{spans, tokens, words, label_bits, planes});
}

}  // namespace collapse_stats::cuda
