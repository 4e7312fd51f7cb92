#include "joint_scan.hpp"

#include <stdexcept>

#include "cpu/parallel.hpp"

namespace collapse_stats {

JointScan::JointScan(const Layout& layout, std::span<const Masks> masks, unsigned threads)
    : layout_(layout) {
  check_threads(threads);
  for (unsigned worker = 0; worker < threads; ++worker)
    workers_.push_back({Merger(layout), Scanner(layout, masks)});
}

void JointScan::add(std::span<const NgramTableView> tables) {
  check_open();
  const auto threads = static_cast<unsigned>(workers_.size());
  check_ascending(layout_, tables, threads);
  const unsigned shift = layout_.key_bits - layout_.key_range_bits;
  parallel_for(layout_.key_ranges(), threads, [&](std::size_t key_range, unsigned worker) {
    auto& [merger, scanner] = workers_[worker];
    const Key first = Key{key_range} << shift;
    merger.merge(tables, first, first | low_mask(shift), scanner);
    scanner.end_key_range();
  });
}

void JointScan::check_open() const {
  if (done_)
    throw std::invalid_argument("a joint scan has given its spectra already: make another one");
}

JointSpectra JointScan::spectra() {
  check_open();
  done_ = true;
  Scanner& all = workers_.front().scanner;
  for (std::size_t other = 1; other < workers_.size(); ++other) all.add(workers_[other].scanner);
  return all.spectra();
}

}  // namespace collapse_stats
