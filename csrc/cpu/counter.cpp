#include "counter.hpp"

#include <algorithm>
#include <iterator>
#include <numeric>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "parallel.hpp"
#include "partition.hpp"
#include "piece.hpp"
#include "sort.hpp"

namespace collapse_stats::cpu {
namespace {

/// One work space for each worker.
template <class Space, class Argument>
std::vector<Space> per_worker(unsigned threads, const Argument& argument) {
  std::vector<Space> spaces;
  for (unsigned worker = 0; worker < threads; ++worker) spaces.emplace_back(argument);
  return spaces;
}

template <class Record>
class CpuCounter final : public Counter {
 public:
  explicit CpuCounter(const CounterConfig& config)
      : config_(config), partitioners_(per_worker<Partitioner<Record>>(config.threads, config)) {}

  void add(const Chunk& chunk) override {
    const std::vector<Piece> pieces = cut(chunk, config_.layout.labels, config_.piece_windows);
    std::vector<Block<Record>> blocks(pieces.size());
    parallel_for(pieces.size(), config_.threads, [&](std::size_t piece, unsigned worker) {
      blocks[piece] = partitioners_[worker].partition(chunk, pieces[piece]);
    });
    std::move(blocks.begin(), blocks.end(), std::back_inserter(blocks_));
  }

  Run run() override {
    std::vector<RowWriter> writers(shards(), RowWriter(config_.layout));
    sort_shards([&](std::size_t shard, unsigned) -> RowSink& { return writers[shard]; });
    return join(config_.layout, writers, config_.threads);
  }

  Tables tables(std::span<const Masks> masks) override {
    std::vector<Scanner> scanners(config_.threads, Scanner(config_.layout, masks));
    sort_shards([&](std::size_t, unsigned worker) -> RowSink& {
      scanners[worker].end_shard();
      return scanners[worker];
    });
    for (Scanner& scanner : scanners) scanner.end_shard();
    return sum_tables(scanners);
  }

 private:
  std::size_t shards() const { return config_.last_shard - config_.first_shard; }

  std::vector<std::span<const Record>> parts(const std::vector<Block<Record>>& blocks,
                                             std::size_t shard) const {
    std::vector<std::span<const Record>> parts;
    for (const auto& block : blocks) parts.push_back(block.shard(shard));
    return parts;
  }

  /// Large shards first, so that no thread is left alone with one at the end.
  std::vector<std::size_t> by_size(const std::vector<Block<Record>>& blocks) const {
    std::vector<std::size_t> sizes(shards(), 0);
    for (const auto& block : blocks)
      for (std::size_t shard = 0; shard < shards(); ++shard)
        sizes[shard] += block.shard(shard).size();
    std::vector<std::size_t> order(shards());
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(), [&](std::size_t left, std::size_t right) {
      return sizes[left] > sizes[right];
    });
    return order;
  }

  /// Gives the rows of every shard to the sink `sink_of(shard, worker)`; leaves the counter empty.
  template <class SinkOf>
  void sort_shards(SinkOf sink_of) {
    const std::vector<Block<Record>> blocks = std::exchange(blocks_, {});
    const std::vector<std::size_t> order = by_size(blocks);
    auto sorters = per_worker<ShardSorter<Record>>(config_.threads, config_.layout);
    parallel_for(shards(), config_.threads, [&](std::size_t task, unsigned worker) {
      const std::size_t shard = order[task];
      sorters[worker].sort(config_.first_shard + static_cast<unsigned>(shard), parts(blocks, shard),
                           sink_of(shard, worker));
    });
  }

  const CounterConfig config_;
  std::vector<Partitioner<Record>> partitioners_;
  std::vector<Block<Record>> blocks_;
};

void check(const CounterConfig& config) {
  if (config.first_shard > config.last_shard || config.last_shard > config.layout.shards())
    throw std::invalid_argument(
        "shards must be a range within 0.." + std::to_string(config.layout.shards()) + ", got " +
        std::to_string(config.first_shard) + ".." + std::to_string(config.last_shard));
  if (config.threads < 1) throw std::invalid_argument("threads must be at least 1, got 0");
  if (config.piece_windows < 1)
    throw std::invalid_argument("piece_windows must be at least 1, got 0");
}

}  // namespace

std::unique_ptr<Counter> make_counter(const CounterConfig& config) {
  check(config);
  if (RecordFormat(config.layout).bits() <= 64)
    return std::make_unique<CpuCounter<std::uint64_t>>(config);
  return std::make_unique<CpuCounter<Key>>(config);
}

}  // namespace collapse_stats::cpu
