#pragma once

#include <cstddef>
#include <cstdint>
#include <future>
#include <optional>
#include <string>
#include <vector>

namespace collapse_stats {

/// The beginning of a regular file, and what the system said of the file when it was read.
struct FileHead {
  std::int64_t size;
  std::int64_t changed_ns;
  std::uint64_t inode;
  std::string data;
};

/// Heads of files; none of what is empty, no regular file, or cannot be read.
using FileHeads = std::vector<std::optional<FileHead>>;

/// Reads the first `most` bytes of each file, of `together` files at a time in several threads, and
/// the next ones while the caller looks at these.
class HeadReader {
 public:
  HeadReader(std::vector<std::string> names, std::size_t most, std::size_t together,
             unsigned threads);

  /// The heads of the next files; empty at the end.
  FileHeads next();

 private:
  void read_ahead();

  const std::vector<std::string> names_;
  const std::size_t most_, together_;
  const unsigned threads_;
  std::size_t begun_ = 0;  // how many files are being read or have been
  std::future<FileHeads> ahead_;
};

}  // namespace collapse_stats
