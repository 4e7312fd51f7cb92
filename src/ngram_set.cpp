#include "cpu/ngram_set.hpp"

#include <span>

#include "bindings.hpp"

namespace collapse_stats::python {
namespace {

using cpu::Documents;
using cpu::NgramSet;
using Int64Array = py::array_t<std::int64_t, py::array::c_style>;
using UInt32Array = py::array_t<std::uint32_t, py::array::c_style>;
using UInt16Array = py::array_t<std::uint16_t, py::array::c_style>;

template <class T, int Flags>
std::span<const T> view(const py::array_t<T, Flags>& array) {
  if (!is_aligned(array)) throw py::value_error("arrays must be aligned");
  return {array.data(), static_cast<std::size_t>(array.size())};
}

template <class T, int Flags>
std::span<T> view_of_new(py::array_t<T, Flags>& array) {
  return {array.mutable_data(), static_cast<std::size_t>(array.size())};
}

Documents to_documents(const UInt32Array& tokens, const Int64Array& start, const Int64Array& stop) {
  return {view(tokens), view(start), view(stop)};
}

void put(NgramSet& set, const UInt64Array& keys, const UInt16Array& weights) {
  const auto some = view(keys);
  const auto theirs = view(weights);
  const py::gil_scoped_release release;  // takes time, and touches only arrays held by the caller
  set.put(some, theirs);
}

UInt16Array get(const NgramSet& set, const UInt64Array& keys) {
  UInt16Array weights(keys.size());
  const auto some = view(keys);
  const auto found = view_of_new(weights);
  {
    const py::gil_scoped_release release;
    set.get(some, found);
  }
  return weights;
}

py::tuple sums(const NgramSet& set, const UInt32Array& tokens, const Int64Array& start,
               const Int64Array& stop) {
  Int64Array all(start.size());
  Int64Array left(start.size());
  const Documents documents = to_documents(tokens, start, stop);
  const auto of_all = view_of_new(all);
  const auto of_left = view_of_new(left);
  {
    const py::gil_scoped_release release;
    set.sums(documents, of_all, of_left);
  }
  return py::make_tuple(all, left);
}

void cover(NgramSet& set, const UInt32Array& tokens, const Int64Array& start,
           const Int64Array& stop) {
  const Documents documents = to_documents(tokens, start, stop);
  const py::gil_scoped_release release;
  set.cover(documents);
}

Int64Array shared(const NgramSet& set, const UInt32Array& tokens, const Int64Array& start,
                  const Int64Array& stop, unsigned span) {
  Int64Array number(start.size());
  const Documents documents = to_documents(tokens, start, stop);
  const auto stretches = view_of_new(number);
  {
    const py::gil_scoped_release release;
    set.shared(documents, span, stretches);
  }
  return number;
}

}  // namespace

void bind_ngram_set(py::module_& module) {
  py::class_<NgramSet>(module, "NgramSet")
      .def(py::init<unsigned, unsigned, std::uint16_t, std::size_t, unsigned>(), py::arg("order"),
           py::arg("code_bits"), py::arg("weight"), py::arg("room"), py::arg("threads"))
      .def("__len__", &NgramSet::size)
      .def("put", &put, py::arg("keys"), py::arg("weights"))
      .def("get", &get, py::arg("keys"))
      .def("sums", &sums, py::arg("tokens"), py::arg("start"), py::arg("stop"))
      .def("cover", &cover, py::arg("tokens"), py::arg("start"), py::arg("stop"))
      .def("uncover", &NgramSet::uncover)
      .def("settle", &NgramSet::settle)
      .def("shared", &shared, py::arg("tokens"), py::arg("start"), py::arg("stop"),
           py::arg("span"));
}

}  // namespace collapse_stats::python
