#pragma once

#include <cstddef>

namespace collapse_stats::cuda {

/// Bytes of shared memory that a block gets without requesting it.
constexpr std::size_t granted_bytes = 48U << 10;

/// Bytes of shared memory of a kernel's blocks. All of it, including the storage of scans, is in
/// `Kernel::Shared`. A kernel that needs more than the granted bytes must declare an upper limit,
/// `Kernel::shared_bytes`.
template <class Kernel>
constexpr std::size_t shared_bytes_of() {
  constexpr std::size_t bytes = sizeof(typename Kernel::Shared);
  if constexpr (requires { Kernel::shared_bytes; })
    static_assert(bytes <= Kernel::shared_bytes);
  else
    static_assert(bytes <= granted_bytes);
  return bytes;
}

/// Bytes of shared memory that must be requested before the kernel is launched; 0 if none.
template <class Kernel>
constexpr std::size_t shared_to_ask_for() {
  return shared_bytes_of<Kernel>() > granted_bytes ? shared_bytes_of<Kernel>() : 0;
}

}  // namespace collapse_stats::cuda
