#include "backend.hpp"

#include <array>

#include "cpu/counter.hpp"

namespace collapse_stats {

std::span<const Backend> backends() {
  static constexpr std::array list{
      Backend{"native", "C++ on CPU threads", cpu::make_counter},
  };
  return list;
}

}  // namespace collapse_stats
