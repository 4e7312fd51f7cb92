#include "file_heads.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "cpu/parallel.hpp"

namespace collapse_stats {
namespace {

constexpr std::size_t in_turn = 16;  // files that a thread reads one after the other

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

HeadReader::HeadReader(std::vector<std::string> names, std::size_t most, std::size_t together,
                       unsigned threads)
    : names_(std::move(names)), most_(most), together_(together), threads_(threads) {
  check_threads(threads);
  if (!together) throw std::invalid_argument("expected a number of files to read at a time, got 0");
  read_ahead();
}

FileHeads HeadReader::next() {
  if (!ahead_.valid()) return {};
  FileHeads heads = ahead_.get();
  read_ahead();
  return heads;
}

void HeadReader::read_ahead() {
  if (begun_ == names_.size()) return;
  const std::size_t first = begun_;
  begun_ += std::min(together_, names_.size() - first);
  // Where the system gives no thread, the caller reads.
  ahead_ = std::async(std::launch::async | std::launch::deferred, [this, first, last = begun_] {
    FileHeads heads(last - first);
    parallel_for((heads.size() + in_turn - 1) / in_turn, threads_, [&](std::size_t task, unsigned) {
      const std::size_t end = std::min(heads.size(), (task + 1) * in_turn);
      for (std::size_t i = task * in_turn; i < end; ++i)
        heads[i] = read_head(names_[first + i], most_);
    });
    return heads;
  });
}

}  // namespace collapse_stats
