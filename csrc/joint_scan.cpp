#include "joint_scan.hpp"

#include "cpu/parallel.hpp"

namespace collapse_stats {

JointScan::JointScan(const Layout& layout, std::span<const Masks> masks, unsigned threads)
    : layout_(layout) {
  for (unsigned worker = 0; worker < threads; ++worker)
    workers_.push_back({Merger(layout), Scanner(layout, masks)});
}

void JointScan::add(std::span<const NgramTableView> tables) {
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

JointSpectra JointScan::spectra() {
  Scanner& all = workers_.front().scanner;
  for (std::size_t other = 1; other < workers_.size(); ++other) all.add(workers_[other].scanner);
  return all.spectra();
}

}  // namespace collapse_stats
