#pragma once

#include <cstddef>
#include <functional>

namespace collapse_stats {

/// Calls `body(task, worker)` for every task below `tasks`, handed out in ascending order to
/// `threads` workers, and waits. No worker runs two tasks at once. If tasks throw, no further ones
/// are started and the exception of the lowest task is rethrown: the same one every time.
void parallel_for(std::size_t tasks, unsigned threads,
                  const std::function<void(std::size_t task, unsigned worker)>& body);

}  // namespace collapse_stats
