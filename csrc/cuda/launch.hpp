#pragma once

#include <cstddef>

namespace collapse_stats::cuda {

/// Shared memory that a block gets without asking for it.
constexpr std::size_t granted_bytes = 48U << 10;

/// Shared memory of a kernel's blocks, all of which is in `Kernel::Shared`: what a block needs for
/// scans is a part of it. A kernel that needs more than what is granted declares a limit that
/// its `Shared` must keep, `Kernel::shared_bytes`.
template <class Kernel>
constexpr std::size_t shared_bytes_of() {
  constexpr std::size_t bytes = sizeof(typename Kernel::Shared);
  if constexpr (requires { Kernel::shared_bytes; })
    static_assert(bytes <= Kernel::shared_bytes);
  else
    static_assert(bytes <= granted_bytes);
  return bytes;
}

/// What a kernel must be allowed before it can be started; 0 if nothing.
template <class Kernel>
constexpr std::size_t shared_to_ask_for() {
  return shared_bytes_of<Kernel>() > granted_bytes ? shared_bytes_of<Kernel>() : 0;
}

}  // namespace collapse_stats::cuda
