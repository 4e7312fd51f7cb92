#include <limits>
#include <stdexcept>

#include "cuda/partition_api.hpp"
#include "partition_tuning.hpp"

namespace collapse_stats::cuda {
namespace {

constexpr unsigned table_bits = 63;  // of a prefix in a long bucket; all ones is a free slot

/// Number of bucket bits for which an average bucket has at most five eighths of the windows that
/// fit.
unsigned bits_for(std::uint64_t windows, unsigned labels) {
  const std::uint64_t fit = with_bucket_tuning(
      labels, [](auto tuning) { return std::uint64_t{tuning.threads} * tuning.items; });
  unsigned bits = 0;
  while (windows >> bits > fit * 5 / 8) ++bits;
  return bits;
}

constexpr unsigned beyond(unsigned bits, unsigned limit) { return bits > limit ? bits - limit : 0; }

}  // namespace

bool partition_supports(const Layout& layout, std::span<const Masks> masks) {
  return layout.labels <= 4 && masks.size() <= Tally::max_pairs &&
         layout.key_bits + layout.label_bits <= max_key_bits;  // for the records of heavy buckets
}

Partition::Partition(const Layout& layout, unsigned first_order, unsigned last_order,
                     std::uint64_t windows)
    : layout(layout),
      first_order(first_order),
      last_order(last_order),
      bin_bits(0),
      bucket_bits(0) {
  constexpr unsigned most = ScatterTuning::max_bin_bits + ScatterTuning::bin_bits;
  const unsigned needed =
      std::max(bits_for(windows, layout.labels), beyond(prefix_bits(), table_bits));
  const unsigned too_wide = beyond(record_bits(0), max_key_bits - 1);  // a shift must be below 128
  bucket_bits = std::min({std::max(needed, too_wide), prefix_bits(), most});
  const unsigned within_a_bin =
      std::min({bucket_bits / 2, ScatterTuning::bin_bits, bucket_bits - too_wide});
  bin_bits = bucket_bits - within_a_bin;
  if (bin_bits < too_wide || beyond(prefix_bits() - bucket_bits, table_bits) > 0 ||
      tail_bits() >= max_key_bits)
    throw std::invalid_argument("orders " + std::to_string(first_order) + " to " +
                                std::to_string(last_order) + " of " +
                                std::to_string(layout.code_bits) +
                                "-bit codes do not fit into a partition's records of 128 bits: "
                                "count by sorting, or group the orders with order_groups()");
}

unsigned cell_orders(const Layout& layout, std::uint64_t max_cells) {
  unsigned order = 0;
  for (std::uint64_t cells = 1; order < layout.max_order; ++order) {
    cells *= layout.vocab_size;  // at most 2**22 * 2**32, so it cannot overflow
    if (cells > std::min(max_cells, Tally::max_unigrams)) break;
  }
  return order;
}

std::uint64_t cell_words(const Layout& layout, unsigned order) {
  std::uint64_t words = layout.labels;
  for (unsigned n = 0; n < order; ++n) words *= layout.vocab_size;
  return words;
}

// If windows are partitioned by few tokens, one record serves more orders; if by more tokens, fewer
// buckets are heavy. Three tokens, or 45 bits if codes are short, are a compromise. Lower orders
// are counted one by one.
std::vector<std::pair<unsigned, unsigned>> order_groups(const Layout& layout,
                                                        unsigned first_order) {
  constexpr unsigned tokens = 3, bits = 45;
  const unsigned wanted = std::max(tokens, (bits + layout.code_bits - 1) / layout.code_bits);
  const unsigned fits = std::max(2U, table_bits / layout.code_bits);
  const unsigned together = std::min(wanted, fits);
  std::vector<std::pair<unsigned, unsigned>> groups;
  unsigned order = first_order;
  for (; order < together && order < layout.max_order; ++order) groups.emplace_back(order, order);
  if (order <= layout.max_order) groups.emplace_back(order, layout.max_order);
  return groups;
}

unsigned max_pass_bins() { return 1U << ScatterTuning::bin_bits; }

}  // namespace collapse_stats::cuda
