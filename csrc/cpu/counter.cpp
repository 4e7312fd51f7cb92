#include "counter.hpp"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <numeric>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "ids.hpp"
#include "leaf_store.hpp"
#include "parallel.hpp"
#include "partition.hpp"
#include "piece.hpp"
#include "rows.hpp"
#include "scan.hpp"
#include "slab.hpp"
#include "split.hpp"
#include "token_counter.hpp"

namespace collapse_stats::cpu {
namespace {

/// `Tail` is a type that holds the tail of a record.
template <class Tail>
class CpuCounter final : public Counter {
 public:
  CpuCounter(const CounterConfig& config, const RecordFormat& format)
      : config_(config), format_(format), workers_(config.threads) {}

  void add(const Chunk& chunk) override {
    const std::vector<Piece> pieces = cut(chunk, config_.layout.labels, config_.piece_windows);
    check_ids(chunk, pieces, config_.layout, config_.threads);
    try {
      parallel_for(pieces.size(), config_.threads, [&](std::size_t piece, unsigned worker) {
        Worker& mine = workers_[worker] ? *workers_[worker] : start(worker);
        mine.partitioner.partition(chunk, pieces[piece], mine.lists);
      });
    } catch (...) {  // out of memory, or other ids: a partly counted chunk is useless
      clear();
      throw;
    }
  }

  NgramTable table() override {
    NgramTable all = table(config_.first_key_range, config_.last_key_range);
    clear();
    return all;
  }

  NgramTable table(unsigned first_key_range, unsigned last_key_range) override {
    const KeyRanges range = within(first_key_range, last_key_range);
    std::vector<LeafKeeper> keepers;
    for (unsigned worker = 0; worker < config_.threads; ++worker) keepers.emplace_back(format_);
    std::vector<LeafStore> stores(range.size);
    try {
      sort_key_ranges(range, [&](auto& splitter, std::size_t key_range, unsigned worker) {
        keepers[worker].keep_in(stores[key_range - range.first]);
        splitter.split(key_range, keepers[worker]);
        for (const auto& filled : workers_)
          if (filled) filled->lists.recycle(key_range, keepers[worker].arena());  // for leaves
      });
      return write_rows(format_, stores, config_.threads);
    } catch (...) {  // out of memory: incomplete key ranges are useless
      clear();
      throw;
    }
  }

  JointSpectra spectra(std::span<const Masks> masks) override {
    scan(masks);
    std::vector<LeafScanner> scanners = std::exchange(scanners_, {});
    kept_.reset();
    for (std::size_t other = 1; other < scanners.size(); ++other) scanners[0].add(scanners[other]);
    return scanners[0].spectra();
  }

  void next_pass(std::span<const Masks> masks, unsigned first_key_range,
                 unsigned last_key_range) override {
    CounterConfig next = config_;
    next.first_key_range = first_key_range;
    next.last_key_range = last_key_range;
    check(next);
    if (!kept_) kept_.emplace();
    scan(masks);
    config_ = next;
  }

 private:
  using Lists = KeyRangeLists<Tail>;

  struct Worker {
    Partitioner partitioner;
    Lists lists;
  };

  /// A stretch of the counter's key ranges, of which the first has the number 0.
  struct KeyRanges {
    std::size_t first, size;
  };

  std::size_t key_ranges() const { return config_.last_key_range - config_.first_key_range; }

  KeyRanges within(unsigned first_key_range, unsigned last_key_range) const {
    const unsigned first =
        std::clamp(first_key_range, config_.first_key_range, config_.last_key_range);
    const unsigned last = std::clamp(last_key_range, first, config_.last_key_range);
    return {first - config_.first_key_range, last - first};
  }

  Worker& start(unsigned worker) {
    workers_[worker].reset(
        new Worker{Partitioner(format_, config_.first_key_range, config_.last_key_range),
                   Lists(key_ranges())});
    return *workers_[worker];
  }

  void clear() {
    for (auto& worker : workers_) worker.reset();
  }

  /// The order in which key ranges are split: large ones first, so that no thread is left alone
  /// with a large one at the end.
  struct Order {
    std::vector<std::size_t> key_ranges;
    std::size_t giants;  // how many of the first exceed a thread's fair share
  };

  Order by_size(std::span<const Lists* const> lists, KeyRanges range) const {
    std::vector<std::size_t> sizes(key_ranges(), 0);
    std::vector<std::size_t> order(range.size);
    std::iota(order.begin(), order.end(), range.first);
    for (const Lists* list : lists)
      for (const std::size_t key_range : order) sizes[key_range] += list->size(key_range);
    std::stable_sort(order.begin(), order.end(), [&](std::size_t left, std::size_t right) {
      return sizes[left] > sizes[right];
    });
    const std::size_t share = std::reduce(sizes.begin(), sizes.end()) / config_.threads;
    const auto giants =
        std::count_if(sizes.begin(), sizes.end(), [&](std::size_t size) { return size > share; });
    return {std::move(order), config_.threads == 1 ? 0 : static_cast<std::size_t>(giants)};
  }

  /// Scan everything that was added, and empty the counter.
  void scan(std::span<const Masks> masks) {
    if (scanners_.empty()) scanners_.assign(config_.threads, LeafScanner(format_, masks));
    if (!scanners_[0].counts(masks))
      throw std::invalid_argument("masks must be the same in every pass: pass all masks each time");
    try {
      sort_key_ranges({0, key_ranges()},
                      [&](auto& splitter, std::size_t key_range, unsigned worker) {
                        splitter.split(key_range, scanners_[worker]);
                      });
    } catch (...) {  // out of memory: an incomplete pass is useless
      clear();
      scanners_.clear();
      kept_.reset();
      throw;
    }
    clear();
  }

  /// Call `split(splitter, key range, worker)` for every key range of the stretch.
  template <class Split>
  void sort_key_ranges(KeyRanges range, Split split) {
    std::vector<const Lists*> lists;
    for (const auto& worker : workers_)
      if (worker) lists.push_back(&worker->lists);
    const Order order = by_size(lists, range);
    KeyRangeSplitter<Tail> together(format_, config_.first_key_range, lists, config_.threads);
    for (std::size_t giant = 0; giant < order.giants; ++giant)
      split(together, order.key_ranges[giant], 0U);
    std::vector<std::optional<KeyRangeSplitter<Tail>>> splitters(config_.threads);
    const std::size_t others = range.size - order.giants;
    parallel_for(others, config_.threads, [&](std::size_t task, unsigned worker) {
      auto& splitter = splitters[worker];
      if (!splitter) splitter.emplace(format_, config_.first_key_range, lists, 1U);
      split(*splitter, order.key_ranges[order.giants + task], worker);
    });
  }

  CounterConfig config_;
  const RecordFormat format_;
  std::vector<std::unique_ptr<Worker>> workers_;  // null until the worker has something to do
  std::vector<LeafScanner> scanners_;             // scans of the passes since the last `spectra`
  std::optional<SlabKeeper> kept_;                // keeps the memory of a pass for the next one
};

}  // namespace

std::unique_ptr<Counter> make_counter(const CounterConfig& config) {
  check(config);
  if (counts_single_tokens(config.layout)) return make_token_counter(config);
  const RecordFormat format(config.layout, config.layout.key_range_bits);
  switch (format.tail_bytes()) {
    case 0: return std::make_unique<CpuCounter<NoTail>>(config, format);
    case 1: return std::make_unique<CpuCounter<std::uint8_t>>(config, format);
    case 2: return std::make_unique<CpuCounter<std::uint16_t>>(config, format);
    case 4: return std::make_unique<CpuCounter<std::uint32_t>>(config, format);
    default: return std::make_unique<CpuCounter<std::uint64_t>>(config, format);
  }
}

}  // namespace collapse_stats::cpu
