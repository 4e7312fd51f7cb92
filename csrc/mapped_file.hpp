#pragma once

#include <atomic>
#include <cstddef>

namespace collapse_stats {

struct MappedRange;

/// Memory that shows the bytes of a file. When another process cuts the file short, or its disk
/// fails, reading such memory sends SIGBUS, which would end the process. The first map installs a
/// handler that puts zeros in place of what is lost and lets reading go on; `is_whole` then is
/// false. SIGBUS from anything else goes to the handler that was there before.
class MappedFile {
 public:
  /// Map the first `size` bytes of an open file; the file may be closed afterwards. Throws
  /// std::system_error if the system does not map it.
  MappedFile(int file, std::size_t size);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  const void* data() const { return data_; }
  std::size_t size() const { return size_; }

  /// Whether everything that was read was the file's.
  bool is_whole() const;

 private:
  void* data_;
  std::size_t size_;
  MappedRange* range_;
};

}  // namespace collapse_stats
