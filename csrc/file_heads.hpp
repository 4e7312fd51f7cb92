#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
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

/// The first `most` bytes of each file, in several threads. There is none of what is empty, no
/// regular file, or cannot be read.
std::vector<std::optional<FileHead>> read_heads(std::span<const std::string> names,
                                                std::size_t most, unsigned threads);

}  // namespace collapse_stats
