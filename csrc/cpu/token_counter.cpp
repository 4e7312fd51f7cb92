#include "token_counter.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "ids.hpp"
#include "joint_scan.hpp"
#include "parallel.hpp"
#include "piece.hpp"
#include "tokens.hpp"

namespace collapse_stats::cpu {
namespace {

class TokenCounter final : public Counter {
 public:
  explicit TokenCounter(const CounterConfig& config)
      : config_(config),
        width_(std::bit_ceil(config.layout.vocab_size)),
        columns_(width_ * config.layout.labels),
        tables_(config.threads) {}

  void add(const Chunk& chunk) override {
    const std::vector<Piece> pieces = cut(chunk, config_.layout.labels, config_.piece_windows);
    check_ids(chunk, pieces, config_.layout, config_.threads);
    for (std::size_t worker = 0; worker < std::min(tables_.size(), pieces.size()); ++worker)
      tables_[worker].resize(lanes * columns_);  // first, so that a failure counts nothing
    try {
      with_tokens(chunk, [&](const auto* tokens) {
        parallel_for(pieces.size(), config_.threads, [&](std::size_t piece, unsigned worker) {
          count(tokens, chunk, pieces[piece], tables_[worker].data());
        });
      });
    } catch (...) {  // a partly counted chunk is useless
      for (std::vector<Count>& table : tables_) table = {};
      throw;
    }
  }

  NgramTable table() override {
    NgramTable all = table(config_.first_key_range, config_.last_key_range);
    for (std::vector<Count>& table : tables_) table = {};
    return all;
  }

  NgramTable table(unsigned first_key_range, unsigned last_key_range) override {
    const unsigned first = std::max(first_key_range, config_.first_key_range);
    const unsigned last = std::min(last_key_range, config_.last_key_range);
    std::vector<Count> counts = take_counts();
    std::size_t rows = 0;
    each(counts, first, last, [&](Key, Count*) { ++rows; });
    NgramTable table = make_table(config_.layout, rows);
    std::size_t row = 0;
    each(counts, first, last, [&](Key key, Count* of_token) {
      table.keys[row] = static_cast<std::uint64_t>(key);
      for (unsigned label = 0; label < config_.layout.labels; ++label)
        table.counts[label * rows + row] =
            std::exchange(of_token[label * width_], 0);
      ++row;
    });
    counts.resize(lanes * columns_);
    tables_.front() = std::move(counts);
    return table;
  }

  JointSpectra spectra(std::span<const Masks> masks) override {
    scan_counted(masks);
    JointSpectra result = scan_->spectra();
    scan_.reset();
    return result;
  }

  void next_pass(std::span<const Masks> masks, unsigned first_key_range,
                 unsigned last_key_range) override {
    CounterConfig next = config_;
    next.first_key_range = first_key_range;
    next.last_key_range = last_key_range;
    check(next);
    scan_counted(masks);
    config_ = next;
  }

 private:
  void scan_counted(std::span<const Masks> masks) {
    if (!scan_) scan_.emplace(config_.layout, masks, config_.threads);
    const NgramTable counted = table();
    const NgramTableView view{counted.rows,
                              counted.keys.get(),
                              counted.counts.get(),
                              counted.rows,
                              counted.rows,
                              config_.layout.labels,
                              0};
    scan_->add({&view, 1});
  }

  /// Neighbouring tokens are counted in alternating arrays, as increments of one counter wait for
  /// each other.
  static constexpr std::size_t lanes = 2;

  template <class Token>
  void count(const Token* tokens, const Chunk& chunk, const Piece& piece, Count* table) const {
    const std::size_t last = width_ - 1;
    std::size_t span = piece.span;
    auto start = piece.start;
    for (std::size_t left = piece.windows; left > 0;) {
      const auto [stop, limit, label] = span_at(chunk, span, start, config_.layout.labels);
      const std::size_t size = std::min(left, stop - start);
      Count* const even = table + label * width_;
      Count* const odd = even + columns_;
      std::size_t i = start;
      for (; i + 2 <= start + size; i += 2) {
        ++even[static_cast<std::size_t>(tokens[i]) & last];
        ++odd[static_cast<std::size_t>(tokens[i + 1]) & last];
      }
      if (i < start + size) ++even[static_cast<std::size_t>(tokens[i]) & last];
      left -= size;
      if (left > 0) start = start_of(chunk, ++span);
    }
  }

  /// Return the counts of every label and token, and empty the counter.
  std::vector<Count> take_counts() {
    std::vector<Count> sum(columns_, 0);
    for (std::vector<Count>& table : tables_) {
      for (std::size_t at = 0; at < table.size(); ++at) sum[at % columns_] += table[at];
      table = {};
    }
    for (std::size_t at = 0; at < columns_; ++at)
      if (sum[at] != 0 && at % width_ >= config_.layout.vocab_size) refuse_changed();
    return sum;
  }

  /// Call `visit(key, counts)` for the seen tokens of a stretch of key ranges, by ascending key.
  /// The counts of the labels are `width_` apart.
  template <class Visit>
  void each(std::vector<Count>& counts, unsigned first_key_range, unsigned last_key_range,
            Visit visit) const {
    const Layout& layout = config_.layout;
    const unsigned below = layout.key_bits - layout.key_range_bits;
    for (Key key = Key{first_key_range} << below; key < Key{last_key_range} << below; ++key) {
      const auto code = static_cast<std::uint64_t>(layout.unmix(key));
      if (code == 0 || code > layout.vocab_size) continue;
      Count* const of_token = counts.data() + code - 1;
      Count seen = 0;
      for (unsigned label = 0; label < layout.labels; ++label)
        seen += of_token[label * width_];
      if (seen > 0) visit(key, of_token);
    }
  }

  CounterConfig config_;
  // Counts of one label: a power of two, so that any id has a place when its upper bits are cut off.
  // The ids may have changed since they were checked.
  const std::size_t width_;
  const std::size_t columns_;               // counts of one lane
  std::vector<std::vector<Count>> tables_;  // by worker; empty until it has something to do
  std::optional<JointScan> scan_;           // everything scanned since the last `spectra`
};

}  // namespace

std::unique_ptr<Counter> make_token_counter(const CounterConfig& config) {
  return std::make_unique<TokenCounter>(config);
}

}  // namespace collapse_stats::cpu
