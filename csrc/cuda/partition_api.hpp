#pragma once

#include <algorithm>
#include <utility>
#include <vector>

#include "cuda/api.hpp"

/// Joint spectra of labels without a sort, in two ways: n-grams of few kinds are counted in a cell
/// for each; windows with other n-grams are divided by their first tokens, twice, until the n-grams
/// of a *bucket* can be counted in a hash table in shared memory.
///
///     tokens --count_cells--> cells --tally_cells--> joint spectra
///     tokens --count_bins--> number of windows of each bin: the caller reads it and chooses passes
///     tokens --scatter_windows--> records by bin --tally_buckets--> joint spectra, heavy buckets
///
/// The records of a bucket lack what the bucket's number says. Buckets that do not fit are left out
/// as a whole and flagged: their windows are to be made into ordinary records
/// (`Selection::buckets`).
///
/// Bytes moved per token, orders 1 to 5 of 16-bit codes and one label or two, at a thousand million
/// tokens, where a block can have 112 KB of shared memory, so that 18 bits number the buckets.
/// Heavy buckets are not included.
///
///     orders   count  scatter   count     scatter   tally
///     1          2.2                                         cells
///     2          2.2  2.2 + 4       4       4 + 4       4    records of 4 bytes
///     3 to 5     2.2  2.2 + 12     12      12 + 8       8    records of 12, then 8
///
/// together 83. With less shared memory or more labels there are more buckets and, as 512 bins are
/// scattered at a time, more passes over the tokens: 2.2 for each further pass of a group, one more
/// with 80 KB (sm_80) or four labels, three more with 48 KB (sm_86, sm_89, sm_120).
namespace collapse_stats::cuda {

/// Whether the partition path can count this; if not, the sorted path can.
bool partition_supports(const Layout& layout, std::span<const Masks> masks);

// --- cells --------------------------------------------------------------------------------------

/// Orders 1 to this have few enough n-grams, at most `max_cells`, for a cell for each.
unsigned cell_orders(const Layout& layout, std::uint64_t max_cells);

/// Counts of all n-grams of an order on the device: windows of the cell `n-gram * labels + label`,
/// the n-gram read as a number of base `vocab_size`; and those of them that the document ends with.
struct Cells {
  unsigned order;
  std::uint64_t* seen;
  std::uint64_t* ended;  ///< null when `order` is `max_order`
};

/// Words of `seen`, and of `ended`. Both begin as zeros.
std::uint64_t cell_words(const Layout& layout, unsigned order);

/// Adds all windows of `tokens`; ids outside the vocabulary lower `wrong_id` as in `RecordsMade`.
/// If the tally is `by_token`, its own columns are the cells of order 1, and need no `tally_cells`.
void count_cells(Stream stream, const Layout& layout, const Tokens& tokens, const Cells& cells,
                 std::uint64_t* wrong_id);

/// Adds the n-grams to the tally, and contexts of the next order.
void tally_cells(Stream stream, const Cells& cells, const Tally& tally);

// --- buckets ------------------------------------------------------------------------------------

/// Orders `first_order` to `last_order`, counted together. The first `first_order` codes of a
/// window are passed through a bijection; its top bits number the *bin* and, more of them, the
/// bucket.
struct Partition {
  Layout layout;
  unsigned first_order, last_order;
  unsigned bin_bits;     ///< of the prefix: number the bin
  unsigned bucket_bits;  ///< of the prefix: number the bucket; at least `bin_bits`

  /// Buckets of a size that fits, if there are `windows` windows. Throws std::invalid_argument when
  /// records do not fit into 128 bits, or more than 63 bits of a prefix would be left to a bucket.
  Partition(const Layout& layout, unsigned first_order, unsigned last_order, std::uint64_t windows);

  constexpr std::uint64_t bins() const { return std::uint64_t{1} << bin_bits; }
  constexpr std::uint64_t buckets() const { return std::uint64_t{1} << bucket_bits; }
  constexpr unsigned buckets_of_a_bin() const { return 1U << (bucket_bits - bin_bits); }
  constexpr unsigned prefix_bits() const { return first_order * layout.code_bits; }

  // A record, from the highest bits down: the prefix without its top `digits` bits, which number
  // the bin or the bucket, the codes of the tokens
  // behind it, whether the window ends with `last_order` (if it may be longer), its label.
  constexpr bool has_end() const { return last_order < layout.max_order; }
  constexpr unsigned code_shift(unsigned order) const {
    return (last_order - order) * layout.code_bits + has_end() + layout.label_bits;
  }
  constexpr unsigned tail_bits() const { return code_shift(first_order); }
  constexpr unsigned record_bits(unsigned digits) const {
    return prefix_bits() - digits + tail_bits();
  }
  /// 32-bit words of a record.
  constexpr unsigned words(unsigned digits) const {
    return std::max(1U, (record_bits(digits) + 31) / 32);
  }
  constexpr unsigned binned_words() const { return words(bin_bits); }
  constexpr unsigned bucket_words() const { return words(bucket_bits); }
};

/// First and last orders of the partitions that count orders `first_order` to `max_order`.
std::vector<std::pair<unsigned, unsigned>> order_groups(const Layout& layout, unsigned first_order);

/// Adds the number of windows of `tokens` in each bin. Ids outside the vocabulary lower `wrong_id`.
void count_bins(Stream stream, const Partition& partition, const Tokens& tokens,
                std::uint64_t* windows, std::uint64_t* wrong_id);

/// A range of bins, whose records are in memory together.
struct Pass {
  unsigned first_bin, last_bin;  ///< one past the last; at most `max_pass_bins()` of them
  std::uint64_t windows;
};

unsigned max_pass_bins();

/// Writes the records of the pass: `places[bin - first_bin]` says where, and is moved on. Where all
/// bins lie one behind the other, `places` ends as the bins' ends.
/// Output: records of a bin together, in any order, `binned_words()` each.
void scatter_windows(Stream stream, const Partition& partition, const Tokens& tokens,
                     const Pass& pass, std::uint64_t* places, void* records,
                     std::uint64_t* wrong_id);

/// Workspace of `tally_buckets`, in bytes.
std::size_t tally_buckets_bytes(const Partition& partition, const Pass& pass);

/// Buckets that were left out; on the device, and zeros at first.
struct HeavyBuckets {
  std::uint32_t* flags;    ///< a bit for each of `partition.buckets()`
  std::uint64_t* windows;  ///< how many they hold
};

/// Adds every n-gram of the pass, of the partition's orders, and contexts of the orders behind
/// them. Input: `records` and `ends` as `scatter_windows` leaves them. `other` takes
/// `bucket_words()` words for each window.
void tally_buckets(Stream stream, const Partition& partition, const Pass& pass,
                   const std::uint64_t* ends, const void* records, void* other, void* workspace,
                   std::size_t bytes, const Tally& tally, const HeavyBuckets& heavy);

}  // namespace collapse_stats::cuda
