#include "counter.hpp"

#include <stdexcept>
#include <string>

#include "cpu/parallel.hpp"

namespace collapse_stats {

void check(const CounterConfig& config) {
  if (config.first_key_range > config.last_key_range ||
      config.last_key_range > config.layout.key_ranges())
    throw std::invalid_argument(
        "key ranges must lie within 0.." + std::to_string(config.layout.key_ranges()) + ", got " +
        std::to_string(config.first_key_range) + ".." + std::to_string(config.last_key_range));
  check_threads(config.threads);
  if (config.piece_windows < 1)
    throw std::invalid_argument("piece_windows must be at least 1, got 0");
}

}  // namespace collapse_stats
