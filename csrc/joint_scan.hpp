#pragma once

#include <span>
#include <vector>

#include "merge.hpp"
#include "scanner.hpp"

namespace collapse_stats {

/// Joint spectra of several tables, which are added one stretch of key ranges after another. Their
/// labels are numbered consecutively. Counts by first token are kept until the end, because the
/// windows that begin with one token lie in many key ranges.
class JointScan {
 public:
  JointScan(const Layout& layout, std::span<const Masks> masks, unsigned threads);

  /// Add tables whose rows lie in key ranges for which no rows were added before. Throws
  /// std::invalid_argument if the keys of a table are not ascending, or not of the vocabulary.
  void add(std::span<const NgramTableView> tables);

  /// Return the joint spectra of everything added. This is the last call: further ones throw
  /// std::invalid_argument.
  JointSpectra spectra();

 private:
  /// State of one thread.
  struct Worker {
    Merger merger;
    Scanner scanner;
  };

  void check_open() const;

  const Layout layout_;
  std::vector<Worker> workers_;
  bool done_ = false;
};

}  // namespace collapse_stats
