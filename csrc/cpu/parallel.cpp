#include "parallel.hpp"

#include <algorithm>
#include <atomic>
#include <exception>
#include <future>
#include <mutex>
#include <stdexcept>
#include <string>
#include <system_error>
#include <vector>

namespace collapse_stats {

void check_threads(unsigned threads) {
  if (threads < 1 || threads > max_threads)
    throw std::invalid_argument("threads must be between 1 and " + std::to_string(max_threads) +
                                ", got " + std::to_string(threads));
}

void parallel_for(std::size_t tasks, unsigned threads,
                  const std::function<void(std::size_t task, unsigned worker)>& body) {
  std::atomic<std::size_t> next{0};
  std::mutex mutex;  // guards `error` and `failed`
  std::exception_ptr error;
  std::size_t failed = tasks;

  const auto work = [&](unsigned worker) {
    for (std::size_t task; (task = next.fetch_add(1)) < tasks;) {
      try {
        body(task, worker);
      } catch (...) {
        next = tasks;
        const std::lock_guard lock(mutex);
        if (task < failed) {
          failed = task;
          error = std::current_exception();
        }
      }
    }
  };

  {
    std::vector<std::future<void>> helpers;  // the destructor of each waits for it
    const std::size_t workers = std::min<std::size_t>(threads, tasks);
    try {
      for (unsigned worker = 1; worker < workers; ++worker)
        helpers.push_back(std::async(std::launch::async, work, worker));
    } catch (const std::system_error&) {  // the system has no more threads
    }
    work(0);
  }
  if (error) std::rethrow_exception(error);
}

}  // namespace collapse_stats
