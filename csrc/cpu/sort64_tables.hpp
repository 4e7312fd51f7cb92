#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

/// Compile-time tables that the instruction sets of `sort64` share.
namespace collapse_stats::cpu {

/// Which keys a partition moves to the front.
enum class Rule { less, equal };  // keys less than, or equal to, the pivot

/// One step of a sorting network, after which place `low` holds the smaller of the two keys.
struct Exchange {
  std::uint8_t low, high;
};

template <std::size_t Places>
struct Network {
  std::array<Exchange, Places * Places / 2> exchanges{};
  std::size_t size = 0;
};

/// Batcher's odd-even merge sort (Knuth, The Art of Computer Programming 3, 5.3.4).
template <std::size_t Places>
constexpr Network<Places> odd_even_merge_sort() {
  Network<Places> network;
  for (std::size_t run = 1; run < Places; run *= 2)
    for (std::size_t step = run; step > 0; step /= 2)
      for (std::size_t group = step % run; group + step < Places; group += 2 * step)
        for (std::size_t low = group; low < group + step && low + step < Places; ++low)
          if (low / (2 * run) == (low + step) / (2 * run))
            network.exchanges[network.size++] = {static_cast<std::uint8_t>(low),
                                                 static_cast<std::uint8_t>(low + step)};
  return network;
}

template <std::size_t Places>
constexpr Network<Places> network = odd_even_merge_sort<Places>();

/// Entry m lists the lanes in the order in which those whose bits are set in m come first, and both
/// groups keep their order.
template <std::size_t Lanes>
constexpr auto front_first() {
  std::array<std::array<std::uint8_t, Lanes>, (std::size_t{1} << Lanes)> orders{};
  for (std::size_t mask = 0; mask < orders.size(); ++mask) {
    std::size_t place = 0;
    for (const unsigned wanted : {1u, 0u})
      for (std::size_t lane = 0; lane < Lanes; ++lane)
        if ((mask >> lane & 1) == wanted) orders[mask][place++] = static_cast<std::uint8_t>(lane);
  }
  return orders;
}

}  // namespace collapse_stats::cpu
