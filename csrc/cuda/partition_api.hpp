#pragma once

#include <algorithm>
#include <utility>
#include <vector>

#include "cuda/api.hpp"

/// Joint spectra of labels without sorting. An order with few possible n-grams is counted in one
/// cell per n-gram. For other orders, windows are divided by their first tokens, in two steps,
/// until the n-grams of a *bucket* can be counted in a hash table in shared memory.
///
///     tokens --count_cells--> cells --tally_cells--> joint spectra
///     tokens --count_bins--> windows per bin, which the caller reads to choose passes
///     tokens --scatter_windows--> records by bin --tally_buckets--> joint spectra, heavy buckets
///
/// The records of a bucket omit the bits that its number determines. Buckets that do not fit are
/// left out as a whole and flagged; the caller must make ordinary records of their windows
/// (`Selection::buckets`).
///
/// Bytes moved per token for orders 1 to 5 of 16-bit codes and one or two labels, for a billion
/// tokens, if a block can have 112 KB of shared memory, so that bucket numbers have 18 bits. Heavy
/// buckets are not included.
///
///     orders   count  scatter   count     scatter   tally
///     1          2.2                                         cells
///     2          2.2  2.2 + 4       4       4 + 4       4    records of 4 bytes
///     3 to 5     2.2  2.2 + 12     12      12 + 8       8    records of 12, then 8
///
/// in total 83. With less shared memory or more labels there are more buckets and, as 512 bins are
/// scattered at a time, more passes over the tokens. Each further pass of a group takes 2.2 bytes:
/// one pass with 80 KB (sm_80) or four labels, three with 48 KB (sm_86, sm_89, sm_120).
namespace collapse_stats::cuda {

/// Whether this way of counting supports the layout and masks; if not, the windows must be sorted.
bool partition_supports(const Layout& layout, std::span<const Masks> masks);

// --- cells --------------------------------------------------------------------------------------

/// The highest order whose n-grams, at most `max_cells`, can have a cell each.
unsigned cell_orders(const Layout& layout, std::uint64_t max_cells);

/// Counts of all n-grams of an order, on the device. `seen` counts windows in the cell
/// `n-gram * labels + label`, where the n-gram is read as a number of base `vocab_size`; `ended`
/// counts those of them with which their document ends.
struct Cells {
  unsigned order;
  std::uint64_t* seen;
  std::uint64_t* ended;  ///< null when `order` is `max_order`
};

/// Words of `seen`, and of `ended`. Both must be zero at first.
std::uint64_t cell_words(const Layout& layout, unsigned order);

/// Add all windows of `tokens`. Ids outside the vocabulary lower `wrong_id` as in `RecordsMade`. If
/// the tally is `by_token`, the cells of order 1 are its own columns, and need no `tally_cells`.
void count_cells(Stream stream, const Layout& layout, const Tokens& tokens, const Cells& cells,
                 std::uint64_t* wrong_id);

/// Add the n-grams to the tally, and the contexts of the next order.
void tally_cells(Stream stream, const Cells& cells, const Tally& tally);

// --- buckets ------------------------------------------------------------------------------------

/// Orders `first_order` to `last_order`, which are counted together. The first `first_order` codes
/// of a window are mixed by a bijection. The top `bin_bits` of the result are the number of the
/// *bin*, and the top `bucket_bits` the number of the bucket.
struct Partition {
  Layout layout;
  unsigned first_order, last_order;
  unsigned bin_bits;     ///< top bits of the mixed prefix
  unsigned bucket_bits;  ///< the same; at least `bin_bits`

  /// Choose buckets of a size that fits for `windows` windows. Throws std::invalid_argument if
  /// records do not fit into 128 bits, or if a bucket would be left with more than 63 bits of the
  /// prefix.
  Partition(const Layout& layout, unsigned first_order, unsigned last_order, std::uint64_t windows);

  constexpr std::uint64_t bins() const { return std::uint64_t{1} << bin_bits; }
  constexpr std::uint64_t buckets() const { return std::uint64_t{1} << bucket_bits; }
  constexpr unsigned buckets_of_a_bin() const { return 1U << (bucket_bits - bin_bits); }
  constexpr unsigned prefix_bits() const { return first_order * layout.code_bits; }

  // A record contains, from the highest bits down: the prefix without the top `digits` bits, which
  // are the number of the bin or bucket; the codes of the tokens after the prefix; whether the
  // window ends with `last_order`, if windows can be longer; the label.
  constexpr bool has_end() const { return last_order < layout.max_order; }
  constexpr unsigned code_shift(unsigned order) const {
    return (last_order - order) * layout.code_bits + has_end() + layout.label_bits;
  }
  constexpr unsigned tail_bits() const { return code_shift(first_order); }
  constexpr unsigned record_bits(unsigned digits) const {
    return prefix_bits() - digits + tail_bits();
  }
  /// Number of 32-bit words of a record.
  constexpr unsigned words(unsigned digits) const {
    return std::max(1U, (record_bits(digits) + 31) / 32);
  }
  constexpr unsigned binned_words() const { return words(bin_bits); }
  constexpr unsigned bucket_words() const { return words(bucket_bits); }
};

/// The first and last orders of the partitions that together count orders `first_order` to
/// `max_order`.
std::vector<std::pair<unsigned, unsigned>> order_groups(const Layout& layout, unsigned first_order);

/// Add the number of windows of `tokens` in each bin. Ids outside the vocabulary lower `wrong_id`.
void count_bins(Stream stream, const Partition& partition, const Tokens& tokens,
                std::uint64_t* windows, std::uint64_t* wrong_id);

/// A range of bins whose records are in memory at the same time.
struct Pass {
  unsigned first_bin, last_bin;  ///< exclusive; at most `max_pass_bins()` bins
  std::uint64_t windows;
};

unsigned max_pass_bins();

/// Write the records of the pass at `places[bin - first_bin]`, which is advanced. If the bins
/// follow each other without gaps, `places` holds the ends of the bins afterwards. Output: the
/// records of each bin, in any order, of `binned_words()` words each.
void scatter_windows(Stream stream, const Partition& partition, const Tokens& tokens,
                     const Pass& pass, std::uint64_t* places, void* records,
                     std::uint64_t* wrong_id);

/// Bytes of workspace for `tally_buckets`.
std::size_t tally_buckets_bytes(const Partition& partition, const Pass& pass);

/// Buckets that could not be counted. Both arrays are on the device, and must be zero at first.
struct HeavyBuckets {
  std::uint32_t* flags;    ///< one bit for each of `partition.buckets()`
  std::uint64_t* windows;  ///< number of windows in them
};

/// Add all n-grams of the pass of the partition's orders, and the contexts of the orders one
/// higher. Input: `records`, and `ends` of the bins, as `scatter_windows` leaves them. `other` has
/// room for `bucket_words()` words per window.
void tally_buckets(Stream stream, const Partition& partition, const Pass& pass,
                   const std::uint64_t* ends, const void* records, void* other, void* workspace,
                   std::size_t bytes, const Tally& tally, const HeavyBuckets& heavy);

}  // namespace collapse_stats::cuda
