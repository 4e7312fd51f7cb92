// Checks every implementation of `sort64` and of the mark kernels that this processor supports
// against simple loops. Prints what it checked, and exits with 1 at the first error.

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <random>
#include <vector>

#include "cpu/instruction_set.hpp"
#include "cpu/mark.hpp"
#include "cpu/sort64.hpp"

namespace {

using namespace collapse_stats::cpu;
using Words = std::vector<std::uint64_t>;

std::mt19937_64 random_word(1);

void require(bool right, InstructionSet set, const char* what, std::size_t size) {
  if (right) return;
  std::fprintf(stderr, "%s: %s is wrong for %zu records\n", name(set), what, size);
  std::exit(1);
}

struct Stream {
  const char* name;
  std::function<std::uint64_t(std::size_t i, std::size_t size)> key;
};

const std::vector<Stream> streams{
    {"any key", [](auto, auto) { return random_word(); }},
    {"equal keys", [](auto, auto) { return ~std::uint64_t{0}; }},
    {"zeros", [](auto, auto) { return std::uint64_t{0}; }},
    {"two keys", [](auto, auto) { return random_word() >> 63 << 63; }},
    {"few keys", [](auto, auto) { return random_word() % 10 << 60; }},
    {"low bits only", [](auto, auto) { return random_word() % 1000; }},
    {"mostly one key", [](auto, auto) { return random_word() % 16 == 0 ? random_word() : 7; }},
    {"ascending", [](auto i, auto) { return std::uint64_t{i} << 40; }},
    {"descending", [](auto i, auto size) { return std::uint64_t{size - i}; }},
    {"up and down", [](auto i, auto size) { return std::uint64_t{std::min(i, size - i)}; }},
    {"saw", [](auto i, auto) { return std::uint64_t{i % 97}; }},
};

Words keys_of(const Stream& stream, std::size_t size) {
  Words keys(size);
  for (std::size_t i = 0; i < size; ++i) keys[i] = stream.key(i, size);
  return keys;
}

/// Every size up to a few blocks of vectors, then sizes around powers of two.
std::vector<std::size_t> sizes() {
  std::vector<std::size_t> result;
  for (std::size_t size = 0; size <= 300; ++size) result.push_back(size);
  for (std::size_t power = 512; power <= 16384; power *= 2)
    for (const std::size_t size : {power - 1, power, power + 1, power + power / 3})
      result.push_back(size);
  result.push_back(200'003);
  return result;
}

void check_sort(InstructionSet set) {
  for (const std::size_t size : sizes())
    for (const Stream& stream : streams) {
      Words keys = keys_of(stream, size);
      Words expected = keys;
      std::sort(expected.begin(), expected.end());
      Words scratch(size);  // no larger than needed, for the sanitizer
      sort64_with(set)(keys.data(), scratch.data(), size);
      require(keys == expected, set, stream.name, size);
    }
}

void check_marks(InstructionSet set) {
  const MarkKernels& kernels = mark_kernels_with(set);
  const std::vector<BitTest> tests{{~0ULL, 0},           {~0ULL << 40, 0}, {1, 0}, {~0ULL, ~0ULL},
                                   {0, 0xFFFFULL << 20}, {1ULL << 63, 1},  {0, 0}};
  for (const std::size_t words : {std::size_t{1}, std::size_t{2}, std::size_t{3}, std::size_t{33}})
    for (const Stream& stream : streams)
      for (const BitTest test : tests)
        for (const bool two : {false, true}) {
          const std::size_t size = 64 * words;
          const Words high = keys_of(stream, size + 1);
          const Words low = keys_of(streams[4], size + 1);
          Words changes(words), nonzero(words), wanted_changes(words), wanted_nonzero(words);
          for (std::size_t i = 0; i < size; ++i) {
            const auto bits = [&](std::uint64_t h, std::uint64_t l) {
              return (h & test.high) != 0 || (two && (l & test.low) != 0);
            };
            const std::uint64_t bit = std::uint64_t{1} << i % 64;
            if (bits(high[i] ^ high[i + 1], low[i] ^ low[i + 1])) wanted_changes[i / 64] |= bit;
            if (bits(high[i], low[i])) wanted_nonzero[i / 64] |= bit;
          }
          const std::uint64_t* const second = two ? low.data() : nullptr;
          kernels.changes(high.data(), second, words, test, changes.data());
          kernels.nonzero(high.data(), second, words, test, nonzero.data());
          require(changes == wanted_changes, set, "changes", size);
          require(nonzero == wanted_nonzero, set, "nonzero", size);
        }
}

}  // namespace

int main() {
  for (const InstructionSet set : instruction_sets()) {
    check_sort(set);
    check_marks(set);
    std::printf("%s: sort64 and marks are right\n", name(set));
  }
}
