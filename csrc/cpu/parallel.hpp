#pragma once

#include <cstddef>
#include <functional>

namespace collapse_stats {

constexpr unsigned max_threads = 1024;

/// Throws std::invalid_argument unless 1 <= threads <= max_threads.
void check_threads(unsigned threads);

/// Call `body(task, worker)` for every task below `tasks`, in ascending order on `threads` workers,
/// and wait for all. No worker runs two tasks at once. If a task throws, no further tasks are
/// started, and the exception of the lowest task that failed is rethrown, so that the same error is
/// reported every time. Where the system gives fewer threads, fewer do the work.
void parallel_for(std::size_t tasks, unsigned threads,
                  const std::function<void(std::size_t task, unsigned worker)>& body);

}  // namespace collapse_stats
