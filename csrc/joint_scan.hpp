#pragma once

#include <span>
#include <vector>

#include "merge.hpp"
#include "scanner.hpp"

namespace collapse_stats {

/// Joint spectra of tables that come one stretch of key ranges after the other; their labels are
/// numbered through. Keeps what is counted by first token, whose windows lie in many key ranges.
class JointScan {
 public:
  JointScan(const Layout& layout, std::span<const Masks> masks, unsigned threads);

  /// Adds tables whose rows lie in key ranges that nothing added before had rows in. Throws
  /// std::invalid_argument when one of them is not ascending.
  void add(std::span<const NgramTableView> tables);

  /// JointSpectra of everything added, which is the last thing asked for.
  JointSpectra spectra();

 private:
  /// What each thread has for itself.
  struct Worker {
    Merger merger;
    Scanner scanner;
  };

  const Layout layout_;
  std::vector<Worker> workers_;
};

}  // namespace collapse_stats
