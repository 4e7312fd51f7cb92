#include <stdexcept>

#include "cuda/api.hpp"
#include "cuda/partition_api.hpp"

/// Replaces the steps in builds without CUDA; each function throws an error that says so.
namespace collapse_stats::cuda {
namespace {

[[noreturn]] void missing() {
  throw std::runtime_error(
      "built without CUDA: reinstall with COLLAPSE_CUDA=ON and nvcc on the PATH");
}

}  // namespace

std::vector<GpuDescription> gpus() { missing(); }
unsigned current_gpu() { missing(); }
std::string architectures() { missing(); }
void check_device() { missing(); }
unsigned runtime_version() { missing(); }

std::uint64_t plane_words(std::uint64_t) { missing(); }
void make_planes(Stream, const Spans&, std::uint64_t, unsigned, std::uint64_t*) { missing(); }

unsigned record_bytes(const Layout&) { missing(); }
void make_records(Stream, const Layout&, const Tokens&, const Selection&, void*, RecordsMade*) {
  missing();
}
std::size_t sort_bytes(const Layout&, std::uint64_t) { missing(); }
void* sort_records(Stream, const Layout&, void*, void*, std::uint64_t, void*, std::size_t) {
  missing();
}

Tally::Tally(const Layout& wanted, std::span<const Masks>, std::uint64_t, std::uint64_t*)
    : layout(wanted) {
  missing();
}
std::uint64_t tally_capacity(const Layout&, std::span<const Masks>, std::uint64_t) { missing(); }
std::uint64_t label_sums_words(const Layout&, std::uint64_t) { missing(); }
std::size_t label_sums_bytes(const Layout&, std::uint64_t) { missing(); }
void make_label_sums(Stream, const Layout&, const void*, std::uint64_t, std::uint64_t*, void*,
                     std::size_t) {
  missing();
}
void tally_records(Stream, const SortedRecords&, const Tally&, unsigned, unsigned) { missing(); }
std::uint64_t row_sums_words(const Layout&, std::uint64_t) { missing(); }
std::size_t row_sums_bytes(std::uint64_t) { missing(); }
void make_row_sums(Stream, const Layout&, const DeviceTable&, std::uint64_t*, void*, std::size_t) {
  missing();
}
void tally_rows(Stream, const DeviceTable&, const std::uint64_t*, const Tally&) { missing(); }
void finish_tally(Stream, const Tally&) { missing(); }
JointSpectra to_joint_spectra(const Tally&, std::uint64_t, std::span<const Tally::Entry>) {
  missing();
}

std::uint64_t row_places(std::uint64_t) { missing(); }
std::size_t find_rows_bytes(std::uint64_t) { missing(); }
void find_rows(Stream, const Layout&, const SortedRecords&, std::uint64_t*, void*, std::size_t) {
  missing();
}
void write_rows(Stream, const Layout&, const SortedRecords&, const std::uint64_t*,
                const DeviceTable&) {
  missing();
}
std::uint64_t merge_places(std::uint64_t) { missing(); }
std::size_t find_merged_bytes(std::uint64_t) { missing(); }
void find_merged(Stream, const Layout&, const MergeInput&, const MergeInput&, std::uint64_t*, void*,
                 std::size_t) {
  missing();
}
void write_merged(Stream, const Layout&, const MergeInput&, const MergeInput&, const std::uint64_t*,
                  const DeviceTable&) {
  missing();
}

bool partition_supports(const Layout&, std::span<const Masks>) { missing(); }
unsigned cell_orders(const Layout&, std::uint64_t) { missing(); }
std::uint64_t cell_words(const Layout&, unsigned) { missing(); }
void count_cells(Stream, const Layout&, const Tokens&, const Cells&, std::uint64_t*) { missing(); }
void tally_cells(Stream, const Cells&, const Tally&) { missing(); }
Partition::Partition(const Layout& wanted, unsigned, unsigned, std::uint64_t) : layout(wanted) {
  missing();
}
std::vector<std::pair<unsigned, unsigned>> order_groups(const Layout&, unsigned) { missing(); }
void count_bins(Stream, const Partition&, const Tokens&, std::uint64_t*, std::uint64_t*) {
  missing();
}
unsigned max_pass_bins() { missing(); }
void scatter_windows(Stream, const Partition&, const Tokens&, const Pass&, std::uint64_t*, void*,
                     std::uint64_t*) {
  missing();
}
std::size_t tally_buckets_bytes(const Partition&, const Pass&) { missing(); }
void tally_buckets(Stream, const Partition&, const Pass&, const std::uint64_t*, const void*, void*,
                   void*, std::size_t, const Tally&, const HeavyBuckets&) {
  missing();
}

}  // namespace collapse_stats::cuda
