#include "cpu/ngram_buckets.hpp"

#include "bindings.hpp"

namespace collapse_stats::python {
namespace {

using cpu::BucketSums;
using Int64Array = py::array_t<std::int64_t, py::array::c_style>;
using UInt8Array = py::array_t<std::uint8_t, py::array::c_style>;

py::list add_to_buckets(const py::array& tokens, const Int64Array& start, const Int64Array& stop,
                        const Int64Array& limit, const UInt8Array& label, std::uint64_t vocab_size,
                        std::uint64_t one_of, const py::list& sums, unsigned threads) {
  const Chunk chunk = to_chunk(tokens, start, stop, limit, label);
  std::vector<Int64Array> arrays;
  std::vector<BucketSums> views;
  for (const auto& each : sums) {
    if (!py::isinstance<Int64Array>(each))
      throw py::type_error("sums must be contiguous arrays of int64");
    auto& array = arrays.emplace_back(py::reinterpret_borrow<Int64Array>(each));
    views.emplace_back(array.mutable_data(), static_cast<std::size_t>(array.size()));
  }
  std::vector<std::vector<std::int64_t>> kept;
  {
    const py::gil_scoped_release release;  // takes time, and touches only arrays held by the caller
    kept = cpu::add_to_buckets(chunk, {vocab_size, one_of}, views, threads);
  }
  py::list found;
  for (auto& positions : kept) {
    const auto* data = positions.data();
    const auto size = static_cast<py::ssize_t>(positions.size());
    found.append(adopt(std::move(positions), data, {size}));
  }
  return found;
}

}  // namespace

void bind_ngram_buckets(py::module_& module) {
  module.def("add_to_buckets", &add_to_buckets, py::arg("tokens").noconvert(), py::arg("start"),
             py::arg("stop"), py::arg("limit"), py::arg("label"), py::arg("vocab_size"),
             py::arg("one_of"), py::arg("sums"), py::arg("threads"));
}

}  // namespace collapse_stats::python
