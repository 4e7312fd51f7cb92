#include "file_heads.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "cpu/parallel.hpp"

namespace collapse_stats {
namespace {

constexpr std::size_t together = 16;  // files that a thread reads one after the other

/// An open file, which is closed at the end of the scope.
struct Descriptor {
  // Not to block is for what is no regular file, such as a pipe.
  explicit Descriptor(const char* name) : number(open(name, O_RDONLY | O_NONBLOCK | O_CLOEXEC)) {}
  ~Descriptor() {
    if (number >= 0) close(number);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  const int number;
};

std::int64_t changed_ns(const struct stat& status) {
#ifdef __APPLE__
  const timespec& time = status.st_mtimespec;
#else
  const timespec& time = status.st_mtim;
#endif
  return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

std::optional<FileHead> read_head(const std::string& name, std::size_t most) {
  if (name.find('\0') != std::string::npos) return {};  // no file has such a name
  const Descriptor file(name.c_str());
  struct stat status;
  if (file.number < 0 || fstat(file.number, &status) != 0) return {};
  if (!S_ISREG(status.st_mode) || status.st_size <= 0) return {};
  const std::size_t size = std::min(most, static_cast<std::size_t>(status.st_size));
  FileHead head{std::int64_t{status.st_size}, changed_ns(status),
                static_cast<std::uint64_t>(status.st_ino), std::string(size, '\0')};
  const auto count = read(file.number, head.data.data(), size);
  if (count < 0 || static_cast<std::size_t>(count) != size) return {};
  return head;
}

}  // namespace

std::vector<std::optional<FileHead>> read_heads(std::span<const std::string> names,
                                                std::size_t most, unsigned threads) {
  check_threads(threads);
  std::vector<std::optional<FileHead>> heads(names.size());
  parallel_for((names.size() + together - 1) / together, threads, [&](std::size_t task, unsigned) {
    const std::size_t end = std::min(names.size(), (task + 1) * together);
    for (std::size_t i = task * together; i < end; ++i) heads[i] = read_head(names[i], most);
  });
  return heads;
}

}  // namespace collapse_stats
