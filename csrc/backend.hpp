#pragma once

#include <memory>
#include <span>
#include <string_view>

#include "counter.hpp"

namespace collapse_stats {

/// A counting implementation that was compiled in.
struct Backend {
  std::string_view name;
  std::string_view description;
  std::unique_ptr<Counter> (*make_counter)(const CounterConfig& config);
};

/// All compiled backends, the preferred one first.
std::span<const Backend> backends();

}  // namespace collapse_stats
