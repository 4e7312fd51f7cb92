#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "chunk.hpp"
#include "key.hpp"
#include "spectrum.hpp"

/// Counting on a GPU, step by step. Every step works in the order of a stream on device memory that
/// the caller owns; none allocates device memory, and none waits for the device unless it says so.
/// The functions are compiled for a GPU (`gpu/`); for tests, as C++ that plays one (`emulated/`)
/// and as launches of the kernels' PTX (`tests/ptx/`); and there is a stand-in that says that they
/// are not there (`no_cuda.cpp`).
///
///     tokens, spans --planes--> planes --keys--> records --sort--> --tally--> joint spectra
///                                                                 --unique--> a table
///                                      --partition--> joint spectra, and records of heavy buckets
namespace collapse_stats::cuda {

/// A `cudaStream_t` as an integer; 0 is the default stream.
using Stream = std::uintptr_t;

struct GpuDescription {
  std::string name;
  unsigned major, minor;  ///< compute capability
  std::size_t memory;     ///< bytes
  unsigned processors;
};

/// The GPUs that are there. Throws std::runtime_error with the reason if there is none. This makes
/// no context on any of them (hundreds of MB each), and nor do the two below: which GPU a process
/// uses may be decided later.
std::vector<GpuDescription> gpus();
/// Number of the one that is current in this thread.
unsigned current_gpu();
/// What the steps are compiled for, as CMake has it: "80-real 90".
std::string architectures();

/// Throws std::runtime_error unless there is code in this module for the GPU that is current in
/// this thread. Makes its context.
void check_device();

/// Version of the CUDA runtime, as 1000 * major + 10 * minor; 0 where the CPU plays the GPU.
unsigned runtime_version();

// --- planes -------------------------------------------------------------------------------------

/// Tokens on the device and what is known of each position, one bit per position and plane:
/// plane 0: a window begins here; plane 1: no window reaches from before this position to it;
/// planes 2 and up: the bits of the window's label, lowest first.
struct Tokens {
  const void* ids;
  TokenType type;
  std::uint64_t size;
  const std::uint64_t* planes;  ///< 2 + `label_bits` planes of `plane_words(size)` words each
  unsigned label_bits;
};

std::uint64_t plane_words(std::uint64_t tokens);

/// Spans on the device: as in `Chunk`, ascending, disjoint, and of one limit where one reaches
/// beyond the next one's start.
struct Spans {
  const std::int64_t *start, *stop, *limit;
  const std::uint8_t* label;
  std::uint64_t number;
};

void make_planes(Stream stream, const Spans& spans, std::uint64_t tokens, unsigned label_bits,
                 std::uint64_t* planes);

// --- records ------------------------------------------------------------------------------------

/// A record is a key with the label in the bits below it, in 8 or 16 bytes, low word first.
/// Throws std::invalid_argument when it does not fit into 128 bits: count label by label then.
unsigned record_bytes(const Layout& layout);

/// Buckets that a bit is set for; a window's first tokens say which it is in. All of them if
/// `flags` is null. See `partition_api.hpp`.
struct FlaggedBuckets {
  const std::uint32_t* flags;
  unsigned tokens;  ///< at most `Selection::min_length`
  unsigned bits;    ///< that number a bucket
};

/// Which windows become records.
struct Selection {
  unsigned first_key_range, last_key_range;  ///< one past the last
  unsigned min_length;                       ///< shorter windows are left out
  int label;  ///< only windows of this label, which the record then lacks; all if negative
  FlaggedBuckets buckets{};
};

/// What `make_records` reports, on the device.
struct RecordsMade {
  std::uint64_t records;   ///< where the next one goes
  std::uint64_t wrong_id;  ///< least position of an id outside the vocabulary; all ones if none
};

/// Appends a record for each selected window of `tokens`, in any order. `made->records` says where,
/// and is moved on; `made->wrong_id` is lowered.
void make_records(Stream stream, const Layout& layout, const Tokens& tokens,
                  const Selection& selection, void* records, RecordsMade* made);

/// Workspace of `sort_records`, in bytes.
std::size_t sort_bytes(const Layout& layout, std::uint64_t number);

/// Sorts ascending. The result is in `records` or in `other`: gives which.
void* sort_records(Stream stream, const Layout& layout, void* records, void* other,
                   std::uint64_t number, void* workspace, std::size_t bytes);

// --- joint spectra ------------------------------------------------------------------------------

/// Joint spectra that are being summed up on the device. The memory, 64-bit words that begin as
/// zeros, holds a number of entries, the list of them, small counts by table, and counts by first
/// token. Results over disjoint key ranges add.
struct Tally {
  /// So many types were seen `a` and `b` times, in one of the tables.
  struct Entry {
    std::uint64_t table, a, b, types;
  };
  enum Kind : unsigned { ngrams, contexts };

  static constexpr std::uint64_t cells = 1U << 18;  ///< small counts of a table
  static constexpr std::uint64_t side = 1U << 9;    ///< of each of two counts
  static constexpr unsigned max_pairs = 16;
  static constexpr std::uint64_t max_unigrams = 1U << 22;  ///< vocabularies beyond: see `by_token`

  Layout layout;
  unsigned pairs;
  std::uint8_t first[max_pairs], second[max_pairs];  ///< masks
  std::uint64_t capacity;                            ///< entries that the list takes
  std::uint64_t* memory;

  /// Throws std::invalid_argument for more than `max_pairs` masks, or of labels that are not there.
  Tally(const Layout& layout, std::span<const Masks> masks, std::uint64_t capacity,
        std::uint64_t* memory);

  constexpr unsigned tables() const { return 2 * layout.max_order * pairs; }
  constexpr unsigned table(Kind kind, unsigned order, unsigned pair) const {
    return (kind * layout.max_order + order - 1) * pairs + pair;
  }

  /// Whether order 1, whose windows lie in many key ranges, is counted in a column of all tokens.
  /// Else only orders 2 and up are right, and contexts from order 3; so is order 1 of
  /// `max_order` 1.
  constexpr bool by_token() const {
    return layout.max_order > 1 && layout.vocab_size <= max_unigrams;
  }

  constexpr std::uint64_t* listed() const { return memory; }
  constexpr std::uint64_t* list() const { return memory + 4; }  ///< four words an entry
  constexpr std::uint64_t* dense() const { return memory + 4 + 4 * capacity; }
  constexpr std::uint64_t* unigrams() const { return dense() + tables() * cells; }
  constexpr std::uint64_t* ended() const {  // of the unigrams, those that nothing follows
    return unigrams() + layout.vocab_size * layout.labels;
  }
  constexpr std::uint64_t words() const {
    return 4 + 4 * capacity + tables() * cells +
           (by_token() ? 2 * layout.vocab_size * layout.labels : 0);
  }
};

/// Entries that hold whatever `windows` windows can add to a tally, before and after `finish`.
std::uint64_t tally_capacity(const Layout& layout, std::span<const Masks> masks,
                             std::uint64_t windows);

/// Ascending records, all of whose windows with a common leading bigram are there, and what helps
/// to count labels, which is nothing when there is one label.
struct SortedRecords {
  const void* records;
  std::uint64_t number;
  const std::uint64_t* sums;
};

/// Words of `sums`, and bytes of workspace. Sums take 3 bits a record for two labels, 6 for four.
std::uint64_t label_sums_words(const Layout& layout, std::uint64_t number);
std::size_t label_sums_bytes(const Layout& layout, std::uint64_t number);
void make_label_sums(Stream stream, const Layout& layout, const void* records, std::uint64_t number,
                     std::uint64_t* sums, void* workspace, std::size_t bytes);

/// Adds the n-grams of the records of `first_order` to `last_order` to the tally, and the contexts
/// of the orders behind them. 1 and `max_order` are everything.
void tally_records(Stream stream, const SortedRecords& sorted, const Tally& tally,
                   unsigned first_order, unsigned last_order);

/// A table on the device, as `NgramTableView`: columns of `rows` words.
struct DeviceTable {
  std::uint64_t* keys;
  std::uint64_t* counts;
  std::uint64_t rows;
};

/// Fills `sums`: `sums[label * (rows + 1) + i]` windows of the label are in the rows before row i.
std::uint64_t row_sums_words(const Layout& layout, std::uint64_t rows);
std::size_t row_sums_bytes(std::uint64_t rows);  ///< of workspace
void make_row_sums(Stream stream, const Layout& layout, const DeviceTable& table,
                   std::uint64_t* sums, void* workspace, std::size_t bytes);
/// Adds every n-gram of the rows to the tally.
void tally_rows(Stream stream, const DeviceTable& table, const std::uint64_t* sums,
                const Tally& tally);

/// Moves everything into the list: what is not the list is zeros again.
void finish_tally(Stream stream, const Tally& tally);

/// Joint spectra of a list that was copied to the host. Throws std::runtime_error if it has more
/// entries than its capacity.
JointSpectra to_joint_spectra(const Tally& tally, std::uint64_t listed,
                              std::span<const Tally::Entry> list);

// --- n-gram tables ------------------------------------------------------------------------------

/// Words of `places`, which is workspace of both `find_rows` and `write_rows`, and of the bytes of
/// scratch memory that `find_rows` needs beside it.
std::uint64_t row_places(std::uint64_t number);
std::size_t find_rows_bytes(std::uint64_t number);

/// Finds where keys change. `places[row_places(number) - 1]` is the number of rows.
void find_rows(Stream stream, const Layout& layout, const SortedRecords& sorted,
               std::uint64_t* places, void* workspace, std::size_t bytes);

/// Writes the table of the records: `table.rows` is the number that `find_rows` found.
void write_rows(Stream stream, const Layout& layout, const SortedRecords& sorted,
                const std::uint64_t* places, const DeviceTable& table);

/// Merging two tables whose labels are counted under `first_label` and following of `layout.labels`
/// columns: with 0 and 0 counts of equal keys add, with 0 and 2 the halves of both are kept.
struct MergeInput {
  DeviceTable table;
  unsigned labels, first_label;
};

std::uint64_t merge_places(std::uint64_t rows_b);
std::size_t find_merged_bytes(std::uint64_t rows_b);

/// As `find_rows`: `places[merge_places(...) - 1]` is the number of merged rows.
void find_merged(Stream stream, const Layout& layout, const MergeInput& a, const MergeInput& b,
                 std::uint64_t* places, void* workspace, std::size_t bytes);
void write_merged(Stream stream, const Layout& layout, const MergeInput& a, const MergeInput& b,
                  const std::uint64_t* places, const DeviceTable& table);

}  // namespace collapse_stats::cuda
