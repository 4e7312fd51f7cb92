#include "cuda/api.hpp"

#include "bindings.hpp"
#include "cuda.hpp"

// Device memory is passed as addresses. CuPy arrays own it, or NumPy arrays where the CPU emulates
// the GPU.
namespace collapse_stats::python {
namespace {

using Address = std::uintptr_t;

template <class T>
T* at(Address address) {
  return reinterpret_cast<T*>(address);
}

TokenType token_type(char kind, unsigned bytes) {
  const bool sign = kind == 'i';
  if ((kind == 'i' || kind == 'u') && bytes == 1) return sign ? TokenType::i8 : TokenType::u8;
  if ((kind == 'i' || kind == 'u') && bytes == 2) return sign ? TokenType::i16 : TokenType::u16;
  if ((kind == 'i' || kind == 'u') && bytes == 4) return sign ? TokenType::i32 : TokenType::u32;
  if ((kind == 'i' || kind == 'u') && bytes == 8) return sign ? TokenType::i64 : TokenType::u64;
  throw py::type_error(std::string("tokens must be integers of 8 to 64 bits, got kind ") + kind +
                       " of " + std::to_string(bytes) + " bytes");
}

cuda::Tokens to_tokens(Address ids, char kind, unsigned bytes, std::uint64_t size, Address planes,
                       unsigned label_bits) {
  return {at<const void>(ids), token_type(kind, bytes), size, at<const std::uint64_t>(planes),
          label_bits};
}

void make_planes(cuda::Stream stream, Address start, Address stop, Address limit, Address label,
                 std::uint64_t spans, std::uint64_t tokens, unsigned label_bits, Address planes) {
  cuda::make_planes(stream,
                    {at<const std::int64_t>(start), at<const std::int64_t>(stop),
                     at<const std::int64_t>(limit), at<const std::uint8_t>(label), spans},
                    tokens, label_bits, at<std::uint64_t>(planes));
}

cuda::SortedRecords to_sorted(Address records, std::uint64_t number, Address sums) {
  return {at<const void>(records), number, at<const std::uint64_t>(sums)};
}

cuda::DeviceTable to_table(Address keys, Address counts, std::uint64_t rows) {
  return {at<std::uint64_t>(keys), at<std::uint64_t>(counts), rows};
}

cuda::Tally to_tally(const Layout& layout, const MaskList& masks, std::uint64_t capacity,
                     Address memory) {
  return {layout, to_masks(masks), capacity, at<std::uint64_t>(memory)};
}

py::tuple to_joint_spectra(const cuda::Tally& tally, std::uint64_t listed,
                           const UInt64Array& list) {
  static_assert(sizeof(cuda::Tally::Entry) == 4 * sizeof(std::uint64_t));
  if (list.ndim() != 2 || list.shape(1) != 4)
    throw py::value_error("a list of entries must have the shape (entries, 4)");
  const auto* entries = reinterpret_cast<const cuda::Tally::Entry*>(list.data());
  return to_python(
      cuda::to_joint_spectra(tally, listed, {entries, static_cast<std::size_t>(list.shape(0))}));
}

void bind_records(py::module_& module) {
  module.def("plane_words", &cuda::plane_words, py::arg("tokens"));
  module.def("make_planes", &make_planes, py::arg("stream"), py::arg("start"), py::arg("stop"),
             py::arg("limit"), py::arg("label"), py::arg("spans"), py::arg("tokens"),
             py::arg("label_bits"), py::arg("planes"));
  py::class_<cuda::Tokens>(module, "Tokens", py::module_local())
      .def(py::init(&to_tokens), py::arg("ids"), py::arg("kind"), py::arg("bytes"), py::arg("size"),
           py::arg("planes"), py::arg("label_bits"))
      .def_readonly("size", &cuda::Tokens::size);
  module.def("record_bytes", &cuda::record_bytes, py::arg("layout"));
  module.def(
      "make_records",
      [](cuda::Stream stream, const Layout& layout, const cuda::Tokens& tokens,
         unsigned first_key_range, unsigned last_key_range, unsigned min_length, int label,
         Address records, Address made, Address flags, unsigned flag_tokens, unsigned flag_bits) {
        const cuda::FlaggedBuckets buckets{at<const std::uint32_t>(flags), flag_tokens, flag_bits};
        cuda::make_records(stream, layout, tokens,
                           {first_key_range, last_key_range, min_length, label, buckets},
                           at<void>(records), at<cuda::RecordsMade>(made));
      },
      py::arg("stream"), py::arg("layout"), py::arg("tokens"), py::arg("first_key_range"),
      py::arg("last_key_range"), py::arg("min_length"), py::arg("label"), py::arg("records"),
      py::arg("made"), py::arg("flags") = 0, py::arg("flag_tokens") = 0, py::arg("flag_bits") = 0);
  module.def("sort_bytes", &cuda::sort_bytes, py::arg("layout"), py::arg("number"));
  module.def(
      "sort_records",
      [](cuda::Stream stream, const Layout& layout, Address records, Address other,
         std::uint64_t number, Address workspace, std::size_t bytes) {
        return reinterpret_cast<Address>(cuda::sort_records(stream, layout, at<void>(records),
                                                            at<void>(other), number,
                                                            at<void>(workspace), bytes));
      },
      py::arg("stream"), py::arg("layout"), py::arg("records"), py::arg("other"), py::arg("number"),
      py::arg("workspace"), py::arg("bytes"));
}

void bind_tally(py::module_& module) {
  py::class_<cuda::Tally>(module, "Tally", py::module_local())
      .def(py::init(&to_tally), py::arg("layout"), py::arg("masks"), py::arg("capacity"),
           py::arg("memory"))
      .def_property_readonly("words", &cuda::Tally::words)
      .def_property_readonly("by_token", &cuda::Tally::by_token);
  module.def(
      "tally_capacity",
      [](const Layout& layout, const MaskList& masks, std::uint64_t windows) {
        return cuda::tally_capacity(layout, to_masks(masks), windows);
      },
      py::arg("layout"), py::arg("masks"), py::arg("windows"));
  module.def("label_sums_words", &cuda::label_sums_words, py::arg("layout"), py::arg("number"));
  module.def("label_sums_bytes", &cuda::label_sums_bytes, py::arg("layout"), py::arg("number"));
  module.def(
      "make_label_sums",
      [](cuda::Stream stream, const Layout& layout, Address records, std::uint64_t number,
         Address sums, Address workspace, std::size_t bytes) {
        cuda::make_label_sums(stream, layout, at<const void>(records), number,
                              at<std::uint64_t>(sums), at<void>(workspace), bytes);
      },
      py::arg("stream"), py::arg("layout"), py::arg("records"), py::arg("number"), py::arg("sums"),
      py::arg("workspace"), py::arg("bytes"));
  module.def(
      "tally_records",
      [](cuda::Stream stream, Address records, std::uint64_t number, Address sums,
         const cuda::Tally& tally, unsigned first_order, unsigned last_order) {
        cuda::tally_records(stream, to_sorted(records, number, sums), tally, first_order,
                            last_order);
      },
      py::arg("stream"), py::arg("records"), py::arg("number"), py::arg("sums"), py::arg("tally"),
      py::arg("first_order"), py::arg("last_order"));
  module.def("row_sums_words", &cuda::row_sums_words, py::arg("layout"), py::arg("rows"));
  module.def("row_sums_bytes", &cuda::row_sums_bytes, py::arg("rows"));
  module.def(
      "make_row_sums",
      [](cuda::Stream stream, const Layout& layout, Address keys, Address counts,
         std::uint64_t rows, Address sums, Address workspace, std::size_t bytes) {
        cuda::make_row_sums(stream, layout, to_table(keys, counts, rows), at<std::uint64_t>(sums),
                            at<void>(workspace), bytes);
      },
      py::arg("stream"), py::arg("layout"), py::arg("keys"), py::arg("counts"), py::arg("rows"),
      py::arg("sums"), py::arg("workspace"), py::arg("bytes"));
  module.def(
      "tally_rows",
      [](cuda::Stream stream, Address keys, Address counts, std::uint64_t rows, Address sums,
         const cuda::Tally& tally) {
        cuda::tally_rows(stream, to_table(keys, counts, rows), at<const std::uint64_t>(sums),
                         tally);
      },
      py::arg("stream"), py::arg("keys"), py::arg("counts"), py::arg("rows"), py::arg("sums"),
      py::arg("tally"));
  module.def("finish_tally", &cuda::finish_tally, py::arg("stream"), py::arg("tally"));
  module.def("to_joint_spectra", &to_joint_spectra, py::arg("tally"), py::arg("listed"),
             py::arg("list"));
}

void bind_rows(py::module_& module) {
  module.def("row_places", &cuda::row_places, py::arg("number"));
  module.def("find_rows_bytes", &cuda::find_rows_bytes, py::arg("number"));
  module.def(
      "find_rows",
      [](cuda::Stream stream, const Layout& layout, Address records, std::uint64_t number,
         Address sums, Address places, Address workspace, std::size_t bytes) {
        cuda::find_rows(stream, layout, to_sorted(records, number, sums), at<std::uint64_t>(places),
                        at<void>(workspace), bytes);
      },
      py::arg("stream"), py::arg("layout"), py::arg("records"), py::arg("number"), py::arg("sums"),
      py::arg("places"), py::arg("workspace"), py::arg("bytes"));
  module.def(
      "write_rows",
      [](cuda::Stream stream, const Layout& layout, Address records, std::uint64_t number,
         Address sums, Address places, Address keys, Address counts, std::uint64_t rows) {
        cuda::write_rows(stream, layout, to_sorted(records, number, sums),
                         at<const std::uint64_t>(places), to_table(keys, counts, rows));
      },
      py::arg("stream"), py::arg("layout"), py::arg("records"), py::arg("number"), py::arg("sums"),
      py::arg("places"), py::arg("keys"), py::arg("counts"), py::arg("rows"));
  py::class_<cuda::MergeInput>(module, "MergeInput", py::module_local())
      .def(py::init([](Address keys, Address counts, std::uint64_t rows, unsigned labels,
                       unsigned first_label) {
             return cuda::MergeInput{to_table(keys, counts, rows), labels, first_label};
           }),
           py::arg("keys"), py::arg("counts"), py::arg("rows"), py::arg("labels"),
           py::arg("first_label"));
  module.def("merge_places", &cuda::merge_places, py::arg("rows_b"));
  module.def("find_merged_bytes", &cuda::find_merged_bytes, py::arg("rows_b"));
  module.def(
      "find_merged",
      [](cuda::Stream stream, const Layout& layout, const cuda::MergeInput& a,
         const cuda::MergeInput& b, Address places, Address workspace, std::size_t bytes) {
        cuda::find_merged(stream, layout, a, b, at<std::uint64_t>(places), at<void>(workspace),
                          bytes);
      },
      py::arg("stream"), py::arg("layout"), py::arg("a"), py::arg("b"), py::arg("places"),
      py::arg("workspace"), py::arg("bytes"));
  module.def(
      "write_merged",
      [](cuda::Stream stream, const Layout& layout, const cuda::MergeInput& a,
         const cuda::MergeInput& b, Address places, Address keys, Address counts,
         std::uint64_t rows) {
        cuda::write_merged(stream, layout, a, b, at<const std::uint64_t>(places),
                           to_table(keys, counts, rows));
      },
      py::arg("stream"), py::arg("layout"), py::arg("a"), py::arg("b"), py::arg("places"),
      py::arg("keys"), py::arg("counts"), py::arg("rows"));
}

}  // namespace

void bind_cuda(py::module_& module) {
  py::class_<Layout>(module, "Layout", py::module_local())
      .def(py::init<std::uint64_t, unsigned, unsigned>(), py::arg("vocab_size"),
           py::arg("max_order"), py::arg("labels"))
      .def_readonly("max_order", &Layout::max_order)
      .def_readonly("label_bits", &Layout::label_bits);
  module.def("gpus", [] {
    std::vector<std::tuple<std::string, std::pair<unsigned, unsigned>, std::size_t, unsigned>> list;
    for (const cuda::GpuDescription& gpu : cuda::gpus())
      list.emplace_back(gpu.name, std::pair{gpu.major, gpu.minor}, gpu.memory, gpu.processors);
    return list;
  });
  module.def("current_gpu", &cuda::current_gpu);
  module.def("architectures", &cuda::architectures);
  module.def("check_device", &cuda::check_device);
  module.def("runtime_version", &cuda::runtime_version);
  bind_records(module);
  bind_tally(module);
  bind_rows(module);
  bind_partition(module);
}

}  // namespace collapse_stats::python
