#include "links.hpp"

#include <string>

#include "bindings.hpp"

namespace collapse_stats::python {
namespace {

using Numbers = py::array_t<std::uint32_t, py::array::c_style>;
using Int64Array = py::array_t<std::int64_t, py::array::c_style>;

py::array_t<std::uint32_t> column(std::unique_ptr<std::uint32_t[]> values, std::size_t size) {
  const std::uint32_t* const data = values.get();
  return adopt(std::move(values), data, {static_cast<py::ssize_t>(size)});
}

/// `(labels, G)`
py::array_t<Count> take_counts(LinkedOrder& order, unsigned labels) {
  constexpr py::ssize_t entry = sizeof(Count);
  const Count* const counts = order.counts.get();
  return adopt(std::move(order.counts), counts, {labels, static_cast<py::ssize_t>(order.size)},
               {static_cast<py::ssize_t>(order.capacity) * entry, entry});
}

py::tuple link_table(std::uint64_t vocab_size, unsigned max_order, unsigned labels,
                     const UInt64Columns& keys, const UInt64Columns& counts, unsigned order,
                     unsigned threads) {
  const Layout layout(vocab_size, max_order, labels);
  const NgramTableView table = to_view(keys, counts, labels, 0, layout);
  Links links = [&] {
    const py::gil_scoped_release release;  // takes time, and touches only arrays held by the caller
    return link(layout, table, order, threads);
  }();
  py::list longer;
  for (std::size_t n = 1; n < links.orders.size(); ++n) {
    LinkedOrder& linked = links.orders[n];
    longer.append(py::make_tuple(linked.inner, column(std::move(linked.last), linked.size),
                                 column(std::move(linked.suffix), linked.size),
                                 column(std::move(linked.children), links.orders[n - 1].size + 1),
                                 column(std::move(linked.preceded), links.orders[n - 1].inner),
                                 take_counts(linked, labels)));
  }
  const std::uint32_t* const ids = links.ids.data();
  const auto number = static_cast<py::ssize_t>(links.ids.size());
  return py::make_tuple(adopt(std::move(links.ids), ids, {number}),
                        take_counts(links.orders.front(), labels), longer);
}

Int64Array find(const Numbers& children, const Numbers& last, const Int64Array& prefix,
                const Int64Array& symbol, unsigned threads) {
  if (children.ndim() != 1 || last.ndim() != 1 || prefix.ndim() != 1 || symbol.ndim() != 1 ||
      children.size() == 0 || prefix.size() != symbol.size())
    throw py::value_error("expected arrays of one dimension, one child or more, and as many "
                          "prefixes as symbols, got " +
                          std::to_string(prefix.size()) + " and " + std::to_string(symbol.size()));
  Int64Array found(prefix.size());
  std::int64_t* const out = found.mutable_data();
  const py::gil_scoped_release release;  // takes time, and touches only arrays held here
  find_linked({children.data(), static_cast<std::size_t>(children.size())},
              {last.data(), static_cast<std::size_t>(last.size())}, prefix.data(), symbol.data(),
              static_cast<std::size_t>(prefix.size()), out, threads);
  return found;
}

}  // namespace

void bind_links(py::module_& module) {
  module.def("link", &link_table, py::arg("vocab_size"), py::arg("max_order"), py::arg("labels"),
             py::arg("keys"), py::arg("counts"), py::arg("order"), py::arg("threads"));
  module.def("find_linked", &find, py::arg("children"), py::arg("last"), py::arg("prefix"),
             py::arg("symbol"), py::arg("threads"));
}

}  // namespace collapse_stats::python
