#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "chunk.hpp"
#include "key.hpp"
#include "spectrum.hpp"

/// Counting on a GPU, step by step. All steps work in stream order on device memory that the caller
/// owns. None of them allocates device memory, and none waits for the device unless its comment
/// says so. The functions are compiled for GPUs (`gpu/`) and, for tests, as C++ that emulates a GPU
/// (`emulated/`) and as launches of the kernels' PTX (`tests/ptx/`). Without CUDA, `no_cuda.cpp`
/// takes their place and throws.
///
///     tokens, spans --planes--> planes --keys--> records --sort--> --tally--> joint spectra
///                                                                 --unique--> n-gram table
///                                      --partition--> joint spectra, and records of heavy buckets
namespace collapse_stats::cuda {

/// A `cudaStream_t` as an integer; 0 is the default stream.
using Stream = std::uintptr_t;

struct GpuDescription {
  std::string name;
  unsigned major, minor;  ///< compute capability
  std::size_t memory;     ///< in bytes
  unsigned processors;
};

/// The GPUs of this machine. Throws std::runtime_error with the reason if there is none. Neither
/// this function nor the next two create a context on a GPU (which takes hundreds of MB), so that
/// the process can choose its GPU later.
std::vector<GpuDescription> gpus();
/// Number of the GPU that is current in this thread.
unsigned current_gpu();
/// The architectures that the steps are compiled for, as CMake writes them: "80-real 90".
std::string architectures();

/// Throws std::runtime_error unless this module has code for the GPU that is current in this
/// thread. Creates a context on it.
void check_device();

/// Version of the CUDA runtime, as 1000 * major + 10 * minor; 0 where the CPU emulates the GPU.
unsigned runtime_version();

// --- planes -------------------------------------------------------------------------------------

/// Tokens on the device, and one bit per position and plane: in plane 0, whether a window begins at
/// the position; in plane 1, whether a window that began earlier must end before it; in planes 2
/// and up, the bits of the window's label, lowest first.
struct Tokens {
  const void* ids;
  TokenType type;
  std::uint64_t size;
  const std::uint64_t* planes;  ///< 2 + `label_bits` planes of `plane_words(size)` words each
  unsigned label_bits;
};

std::uint64_t plane_words(std::uint64_t tokens);

/// Spans on the device, as in `Chunk`. They are ascending and disjoint; a span whose limit lies
/// beyond the start of the next one has the same limit as that one.
struct Spans {
  const std::int64_t *start, *stop, *limit;
  const std::uint8_t* label;
  std::uint64_t number;
};

void make_planes(Stream stream, const Spans& spans, std::uint64_t tokens, unsigned label_bits,
                 std::uint64_t* planes);

// --- records ------------------------------------------------------------------------------------

/// Bytes of a record, 8 or 16. A record is a key with the label in the bits below it, low word
/// first. Throws std::invalid_argument if it does not fit into 128 bits; labels must then be
/// counted one by one.
unsigned record_bytes(const Layout& layout);

/// Buckets whose bits are set. A window's first tokens determine its bucket, see
/// `partition_api.hpp`. If `flags` is null, all buckets are selected.
struct FlaggedBuckets {
  const std::uint32_t* flags;
  unsigned tokens;  ///< at most `Selection::min_length`
  unsigned bits;    ///< of a bucket's number
};

/// Which windows become records.
struct Selection {
  unsigned first_key_range, last_key_range;  ///< exclusive
  unsigned min_length;                       ///< in tokens; shorter windows are left out
  int label;  ///< only windows of this label, without it in the record; all if negative
  FlaggedBuckets buckets{};
};

/// The results of `make_records`, on the device.
struct RecordsMade {
  std::uint64_t records;   ///< index of the next record
  std::uint64_t wrong_id;  ///< lowest position of an id outside the vocabulary, or all ones
};

/// Append a record for each selected window of `tokens`, in any order, at `made->records`, which is
/// advanced. `made->wrong_id` is lowered if an id lies outside the vocabulary.
void make_records(Stream stream, const Layout& layout, const Tokens& tokens,
                  const Selection& selection, void* records, RecordsMade* made);

/// Bytes of workspace for `sort_records`.
std::size_t sort_bytes(const Layout& layout, std::uint64_t number);

/// Sort the records ascending. Returns which of `records` and `other` holds the result.
void* sort_records(Stream stream, const Layout& layout, void* records, void* other,
                   std::uint64_t number, void* workspace, std::size_t bytes);

// --- joint spectra ------------------------------------------------------------------------------

/// Joint spectra that are being summed up on the device. The memory consists of 64-bit words that
/// must be zero at first: the number of listed entries, the list of entries, a dense table of small
/// counts for each spectrum, and counts by first token. Results over disjoint key ranges can be
/// added.
struct Tally {
  /// `types` types that were seen `a` and `b` times, in the spectrum number `table`.
  struct Entry {
    std::uint64_t table, a, b, types;
  };
  enum Kind : unsigned { ngrams, contexts };

  static constexpr std::uint64_t cells = 1U << 18;  ///< of the small counts of a spectrum
  static constexpr std::uint64_t side = 1U << 9;    ///< of the table of a pair of counts
  static constexpr unsigned max_pairs = 16;
  static constexpr std::uint64_t max_unigrams = 1U << 22;  ///< beyond: see `by_token`

  Layout layout;
  unsigned pairs;
  std::uint8_t first[max_pairs], second[max_pairs];  ///< masks
  std::uint64_t capacity;                            ///< of the list, in entries
  std::uint64_t* memory;

  /// Throws std::invalid_argument for more than `max_pairs` pairs of masks, or for masks with
  /// labels that the layout does not have.
  Tally(const Layout& layout, std::span<const Masks> masks, std::uint64_t capacity,
        std::uint64_t* memory);

  constexpr unsigned tables() const { return 2 * layout.max_order * pairs; }
  constexpr unsigned table(Kind kind, unsigned order, unsigned pair) const {
    return (kind * layout.max_order + order - 1) * pairs + pair;
  }

  /// Whether order 1, whose windows lie in many key ranges, is counted in a column with all tokens.
  /// Otherwise only n-grams of orders 2 and up and contexts of orders 3 and up are correct, and all
  /// of them if `max_order` is 1.
  constexpr bool by_token() const {
    return layout.max_order > 1 && layout.vocab_size <= max_unigrams;
  }

  constexpr std::uint64_t* listed() const { return memory; }
  constexpr std::uint64_t* list() const { return memory + 4; }  ///< four words per entry
  constexpr std::uint64_t* dense() const { return memory + 4 + 4 * capacity; }
  constexpr std::uint64_t* unigrams() const { return dense() + tables() * cells; }
  constexpr std::uint64_t* ended() const {  // unigrams that no token follows
    return unigrams() + layout.vocab_size * layout.labels;
  }
  constexpr std::uint64_t words() const {
    return 4 + 4 * capacity + tables() * cells +
           (by_token() ? 2 * layout.vocab_size * layout.labels : 0);
  }
};

/// Number of entries that suffices for whatever `windows` windows can add to a tally, before and
/// after `finish_tally`.
std::uint64_t tally_capacity(const Layout& layout, std::span<const Masks> masks,
                             std::uint64_t windows);

/// Ascending records that include all windows of every leading bigram they contain, and sums that
/// help to count labels. With one label, there are no sums.
struct SortedRecords {
  const void* records;
  std::uint64_t number;
  const std::uint64_t* sums;
};

/// Words of `sums`, and bytes of workspace for them. The sums take 3 bits per record for two
/// labels, 6 for four.
std::uint64_t label_sums_words(const Layout& layout, std::uint64_t number);
std::size_t label_sums_bytes(const Layout& layout, std::uint64_t number);
void make_label_sums(Stream stream, const Layout& layout, const void* records, std::uint64_t number,
                     std::uint64_t* sums, void* workspace, std::size_t bytes);

/// Add the n-grams of orders `first_order` to `last_order` to the tally, and the contexts of the
/// orders one higher. Orders 1 to `max_order` add everything.
void tally_records(Stream stream, const SortedRecords& sorted, const Tally& tally,
                   unsigned first_order, unsigned last_order);

/// An n-gram table on the device, with columns of `rows` words as in `NgramTableView`.
struct DeviceTable {
  std::uint64_t* keys;
  std::uint64_t* counts;
  std::uint64_t rows;
};

/// Fill `sums`: `sums[label * (rows + 1) + i]` is the number of windows of the label in the rows
/// before row i.
std::uint64_t row_sums_words(const Layout& layout, std::uint64_t rows);
std::size_t row_sums_bytes(std::uint64_t rows);  ///< of workspace
void make_row_sums(Stream stream, const Layout& layout, const DeviceTable& table,
                   std::uint64_t* sums, void* workspace, std::size_t bytes);
/// Add every n-gram of the rows to the tally.
void tally_rows(Stream stream, const DeviceTable& table, const std::uint64_t* sums,
                const Tally& tally);

/// Move all counts to the list; everything but the list is zero afterwards.
void finish_tally(Stream stream, const Tally& tally);

/// The joint spectra of a list that was copied to the host. Throws std::runtime_error if it has
/// more entries than its capacity.
JointSpectra to_joint_spectra(const Tally& tally, std::uint64_t listed,
                              std::span<const Tally::Entry> list);

// --- n-gram tables ------------------------------------------------------------------------------

/// Words of `places`, the workspace that `find_rows` and `write_rows` share, and bytes of the
/// scratch memory that `find_rows` needs in addition.
std::uint64_t row_places(std::uint64_t number);
std::size_t find_rows_bytes(std::uint64_t number);

/// Find where keys change. `places[row_places(number) - 1]` is the number of rows.
void find_rows(Stream stream, const Layout& layout, const SortedRecords& sorted,
               std::uint64_t* places, void* workspace, std::size_t bytes);

/// Write the table of the records; `table.rows` must be the number that `find_rows` found.
void write_rows(Stream stream, const Layout& layout, const SortedRecords& sorted,
                const std::uint64_t* places, const DeviceTable& table);

/// A table to merge, whose labels are counted from `first_label` on in the `layout.labels` columns
/// of the result. If both inputs begin at 0, the counts of equal keys are added; with 0 and 2, the
/// halves of both tables are kept apart.
struct MergeInput {
  DeviceTable table;
  unsigned labels, first_label;
};

std::uint64_t merge_places(std::uint64_t rows_b);
std::size_t find_merged_bytes(std::uint64_t rows_b);

/// Like `find_rows`: `places[merge_places(...) - 1]` is the number of merged rows.
void find_merged(Stream stream, const Layout& layout, const MergeInput& a, const MergeInput& b,
                 std::uint64_t* places, void* workspace, std::size_t bytes);
void write_merged(Stream stream, const Layout& layout, const MergeInput& a, const MergeInput& b,
                  const std::uint64_t* places, const DeviceTable& table);

}  // namespace collapse_stats::cuda
