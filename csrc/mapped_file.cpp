#include "mapped_file.hpp"

#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <mutex>
#include <system_error>

namespace collapse_stats {

/// The addresses of a map. The handler walks through all ranges at any time, so that none is ever
/// deleted: that of a map that is gone is empty, and is used for another one.
struct MappedRange {
  std::atomic<std::uintptr_t> begin{0}, end{0};
  std::atomic<bool> lost{false};
  MappedRange* next = nullptr;
};

namespace {

std::mutex mutex;  // of all but the handler
std::atomic<MappedRange*> ranges{nullptr};
struct sigaction before;  // what SIGBUS did before the handler was installed

MappedRange* range_of(std::uintptr_t address) {
  for (MappedRange* range = ranges; range != nullptr; range = range->next)
    if (range->begin <= address && address < range->end) return range;
  return nullptr;
}

/// Whether the rest of the map from this address on was replaced by zeros.
bool replace(std::uintptr_t address) {
  MappedRange* const range = range_of(address);
  if (range == nullptr) return false;
  static const auto page = static_cast<std::uintptr_t>(sysconf(_SC_PAGESIZE));
  const std::uintptr_t from = address / page * page;
  void* const mapped = mmap(reinterpret_cast<void*>(from), range->end - from, PROT_READ,
                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
  if (mapped == MAP_FAILED) return false;
  range->lost = true;
  return true;
}

/// Calls nothing but the system, as a handler must.
void on_bus_error(int signal, siginfo_t* info, void*) {
  const int error = errno;
  const bool is_access = info->si_code > 0;  // else a process sent the signal
  if (!is_access || !replace(reinterpret_cast<std::uintptr_t>(info->si_addr))) {
    sigaction(SIGBUS, &before, nullptr);
    if (!is_access) raise(signal);  // else the access is repeated, and fails again
  }
  errno = error;
}

/// Others may have installed a handler of their own since the last map.
void install_handler() {
  struct sigaction now;
  sigaction(SIGBUS, nullptr, &now);
  if ((now.sa_flags & SA_SIGINFO) != 0 && now.sa_sigaction == on_bus_error) return;
  before = now;
  struct sigaction ours {};
  ours.sa_sigaction = on_bus_error;
  ours.sa_flags = SA_SIGINFO | SA_ONSTACK;
  sigaction(SIGBUS, &ours, nullptr);
}

MappedRange* free_range() {
  for (MappedRange* range = ranges; range != nullptr; range = range->next)
    if (range->end == 0) return range;
  auto* const range = new MappedRange;
  range->next = ranges;
  ranges = range;
  return range;
}

}  // namespace

MappedFile::MappedFile(int file, std::size_t size) : size_(size) {
  const std::lock_guard lock(mutex);
  install_handler();
  range_ = free_range();
  data_ = mmap(nullptr, size, PROT_READ, MAP_SHARED, file, 0);
  if (data_ == MAP_FAILED) throw std::system_error(errno, std::generic_category());
  range_->lost = false;
  range_->begin = reinterpret_cast<std::uintptr_t>(data_);
  range_->end = range_->begin + size;
}

MappedFile::~MappedFile() {
  const std::lock_guard lock(mutex);
  range_->end = 0;
  munmap(data_, size_);
}

bool MappedFile::is_whole() const { return !range_->lost; }

}  // namespace collapse_stats
