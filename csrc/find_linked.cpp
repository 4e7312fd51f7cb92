#include <algorithm>
#include <array>
#include <stdexcept>
#include <string>

#include "cpu/slices.hpp"
#include "links.hpp"

namespace collapse_stats {
namespace {

constexpr std::size_t batch = 32;  // searches that take their steps together, and wait together

struct Search {
  std::size_t first, size;  // of the last symbols that are left
};

/// Where the children of a prefix are.
Search begin_search(std::span<const std::uint32_t> children, std::span<const std::uint32_t> last,
                    std::int64_t prefix) {
  const auto place = static_cast<std::size_t>(prefix);
  const std::size_t begin = children[place], end = children[place + 1];
  if (begin > end || end > last.size())
    throw std::invalid_argument("expected the first child of each prefix, ascending");
  return {begin, end - begin};
}

/// Find up to `batch` n-grams by binary search.
void find_batch(std::span<const std::uint32_t> children, std::span<const std::uint32_t> last,
                const std::int64_t* prefix, const std::int64_t* symbol, std::size_t size,
                std::int64_t* found) {
  for (std::size_t i = 0; i < size; ++i) {
    if (prefix[i] < 0 || static_cast<std::uint64_t>(prefix[i]) + 1 >= children.size())
      throw std::invalid_argument("expected numbers of prefixes below " +
                                  std::to_string(children.size() - 1) + ", got " +
                                  std::to_string(prefix[i]));
    __builtin_prefetch(children.data() + prefix[i]);
  }
  std::array<Search, batch> searches;
  std::size_t longest = 0;
  for (std::size_t i = 0; i < size; ++i) {
    searches[i] = begin_search(children, last, prefix[i]);
    longest = std::max(longest, searches[i].size);
    __builtin_prefetch(last.data() + searches[i].first + searches[i].size / 2);
  }
  for (; longest > 1; longest -= longest / 2)
    for (std::size_t i = 0; i < size; ++i) {
      auto& [first, left] = searches[i];
      if (left < 2) continue;
      const bool later = last[first + left / 2 - 1] < symbol[i];
      first += left / 2 & (0 - std::size_t{later});  // no branch: it would be mispredicted
      left -= left / 2;
    }
  for (std::size_t i = 0; i < size; ++i) {
    const auto [first, left] = searches[i];
    const bool there = left != 0 && last[first] == symbol[i];
    found[i] = there ? static_cast<std::int64_t>(first) : -1;
  }
}

}  // namespace

void find_linked(std::span<const std::uint32_t> children, std::span<const std::uint32_t> last,
                 const std::int64_t* prefix, const std::int64_t* symbol, std::size_t size,
                 std::int64_t* found, unsigned threads) {
  check_threads(threads);
  for_slices(size, threads, [&](std::size_t first, std::size_t end) {
    for (; first < end; first += batch)
      find_batch(children, last, prefix + first, symbol + first, std::min(batch, end - first),
                 found + first);
  });
}

}  // namespace collapse_stats
