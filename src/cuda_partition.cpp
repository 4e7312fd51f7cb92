#include "cuda/partition_api.hpp"

#include "bindings.hpp"
#include "cuda.hpp"

// Device memory is passed as addresses, as in `cuda.cpp`.
namespace collapse_stats::python {
namespace {

using Address = std::uintptr_t;

template <class T>
T* at(Address address) {
  return reinterpret_cast<T*>(address);
}

cuda::Cells to_cells(unsigned order, Address seen, Address ended) {
  return {order, at<std::uint64_t>(seen), at<std::uint64_t>(ended)};
}

void bind_cells(py::module_& module) {
  module.def("cell_orders", &cuda::cell_orders, py::arg("layout"), py::arg("max_cells"));
  module.def("cell_words", &cuda::cell_words, py::arg("layout"), py::arg("order"));
  py::class_<cuda::Cells>(module, "Cells", py::module_local())
      .def(py::init(&to_cells), py::arg("order"), py::arg("seen"), py::arg("ended"))
      .def_static(
          "of_tally",
          [](const cuda::Tally& tally) {
            return cuda::Cells{1, tally.unigrams(), tally.ended()};
          },
          py::arg("tally"));
  module.def(
      "count_cells",
      [](cuda::Stream stream, const Layout& layout, const cuda::Tokens& tokens,
         const cuda::Cells& cells, Address wrong_id) {
        cuda::count_cells(stream, layout, tokens, cells, at<std::uint64_t>(wrong_id));
      },
      py::arg("stream"), py::arg("layout"), py::arg("tokens"), py::arg("cells"),
      py::arg("wrong_id"));
  module.def("tally_cells", &cuda::tally_cells, py::arg("stream"), py::arg("cells"),
             py::arg("tally"));
}

void bind_buckets(py::module_& module) {
  module.def("order_groups", &cuda::order_groups, py::arg("layout"), py::arg("first_order"));
  module.def("max_pass_bins", &cuda::max_pass_bins);
  py::class_<cuda::Partition>(module, "Partition", py::module_local())
      .def(py::init<const Layout&, unsigned, unsigned, std::uint64_t>(), py::arg("layout"),
           py::arg("first_order"), py::arg("last_order"), py::arg("windows"))
      .def_readonly("first_order", &cuda::Partition::first_order)
      .def_readonly("last_order", &cuda::Partition::last_order)
      .def_readonly("bucket_bits", &cuda::Partition::bucket_bits)
      .def_property_readonly("bins", &cuda::Partition::bins)
      .def_property_readonly("buckets", &cuda::Partition::buckets)
      .def_property_readonly("binned_words", &cuda::Partition::binned_words)
      .def_property_readonly("bucket_words", &cuda::Partition::bucket_words);
  py::class_<cuda::Pass>(module, "Pass", py::module_local())
      .def(py::init<unsigned, unsigned, std::uint64_t>(), py::arg("first_bin"), py::arg("last_bin"),
           py::arg("windows"))
      .def_readonly("first_bin", &cuda::Pass::first_bin)
      .def_readonly("last_bin", &cuda::Pass::last_bin)
      .def_readonly("windows", &cuda::Pass::windows);
  module.def(
      "count_bins",
      [](cuda::Stream stream, const cuda::Partition& partition, const cuda::Tokens& tokens,
         Address windows, Address wrong_id) {
        cuda::count_bins(stream, partition, tokens, at<std::uint64_t>(windows),
                         at<std::uint64_t>(wrong_id));
      },
      py::arg("stream"), py::arg("partition"), py::arg("tokens"), py::arg("windows"),
      py::arg("wrong_id"));
  module.def(
      "scatter_windows",
      [](cuda::Stream stream, const cuda::Partition& partition, const cuda::Tokens& tokens,
         const cuda::Pass& pass, Address places, Address records, Address wrong_id) {
        cuda::scatter_windows(stream, partition, tokens, pass, at<std::uint64_t>(places),
                              at<void>(records), at<std::uint64_t>(wrong_id));
      },
      py::arg("stream"), py::arg("partition"), py::arg("tokens"), py::arg("bins"),
      py::arg("places"), py::arg("records"), py::arg("wrong_id"));
  module.def("tally_buckets_bytes", &cuda::tally_buckets_bytes, py::arg("partition"),
             py::arg("bins"));
  module.def(
      "tally_buckets",
      [](cuda::Stream stream, const cuda::Partition& partition, const cuda::Pass& pass,
         Address ends, Address records, Address other, Address workspace, std::size_t bytes,
         const cuda::Tally& tally, Address heavy_flags, Address heavy_windows) {
        cuda::tally_buckets(stream, partition, pass, at<const std::uint64_t>(ends),
                            at<const void>(records), at<void>(other), at<void>(workspace), bytes,
                            tally,
                            {at<std::uint32_t>(heavy_flags), at<std::uint64_t>(heavy_windows)});
      },
      py::arg("stream"), py::arg("partition"), py::arg("bins"), py::arg("ends"), py::arg("records"),
      py::arg("other"), py::arg("workspace"), py::arg("bytes"), py::arg("tally"),
      py::arg("heavy_flags"), py::arg("heavy_windows"));
}

}  // namespace

void bind_partition(py::module_& module) {
  module.def(
      "partition_supports",
      [](const Layout& layout, const MaskList& masks) {
        return cuda::partition_supports(layout, to_masks(masks));
      },
      py::arg("layout"), py::arg("masks"));
  bind_cells(module);
  bind_buckets(module);
}

}  // namespace collapse_stats::python
