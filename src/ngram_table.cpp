#include "ngram_table.hpp"

#include <algorithm>
#include <mutex>
#include <numeric>
#include <string>

#include "bindings.hpp"
#include "joint_scan.hpp"
#include "merge.hpp"

namespace collapse_stats::python {
namespace {

using KeysAndCounts = std::pair<UInt64Columns, UInt64Columns>;

UInt64Array adopt(std::vector<Count> values) {
  const Count* data = values.data();
  const auto size = static_cast<py::ssize_t>(values.size());
  return python::adopt(std::move(values), data, {size});
}

py::dict to_dict(std::vector<std::vector<JointSpectrum>>& orders) {
  py::dict result;
  for (std::size_t order = 0; order < orders.size(); ++order) {
    py::list spectra;
    for (JointSpectrum& spectrum : orders[order])
      spectra.append(py::make_tuple(adopt(std::move(spectrum.a)), adopt(std::move(spectrum.b)),
                                    adopt(std::move(spectrum.types))));
    result[py::int_(order + 1)] = spectra;
  }
  return result;
}

py::tuple merge_tables(std::uint64_t vocab_size, unsigned max_order, unsigned labels,
                       const std::vector<KeysAndCounts>& tables, unsigned threads) {
  const Layout layout(vocab_size, max_order, labels);
  std::vector<NgramTableView> views;
  for (const auto& [keys, counts] : tables)
    views.push_back(to_view(keys, counts, labels, 0, layout));
  return to_python([&] {
    const py::gil_scoped_release release;  // takes time, and touches only arrays held by the caller
    return merge(layout, views, threads);
  }());
}

unsigned sum_of(const std::vector<unsigned>& labels) {
  const auto sum = std::reduce(labels.begin(), labels.end(), std::uint64_t{0});
  return static_cast<unsigned>(std::min<std::uint64_t>(sum, max_labels + 1));  // too many anyhow
}

/// A joint scan that knows how many labels each of its tables has.
class LabelledScan {
 public:
  LabelledScan(std::uint64_t vocab_size, unsigned max_order, std::vector<unsigned> labels,
               const MaskList& masks, unsigned threads)
      : layout_(vocab_size, max_order, sum_of(labels)),
        labels_(std::move(labels)),
        scan_(layout_, to_masks(masks), threads) {}

  void add(const std::vector<KeysAndCounts>& tables) {
    if (tables.size() != labels_.size())
      throw py::value_error("expected " + std::to_string(labels_.size()) + " tables, got " +
                            std::to_string(tables.size()));
    std::vector<NgramTableView> views;
    unsigned first_label = 0;
    for (std::size_t table = 0; table < tables.size(); ++table) {
      const auto& [keys, counts] = tables[table];
      views.push_back(to_view(keys, counts, labels_[table], first_label, layout_));
      first_label += labels_[table];
    }
    const py::gil_scoped_release release;  // takes time, and touches only arrays held by the caller
    const std::lock_guard lock(one_at_a_time_);
    scan_.add(views);
  }

  py::tuple spectra() {
    return to_python([&] {
      const py::gil_scoped_release release;  // may wait for another thread
      const std::lock_guard lock(one_at_a_time_);
      return scan_.spectra();
    }());
  }

 private:
  const Layout layout_;
  const std::vector<unsigned> labels_;
  std::mutex one_at_a_time_;  // Python's threads may call at once
  JointScan scan_;
};

}  // namespace

std::vector<Masks> to_masks(const MaskList& masks) {
  std::vector<Masks> result;
  for (const auto& [first, second] : masks) result.push_back({first, second});
  return result;
}

NgramTableView to_view(const UInt64Columns& keys, const UInt64Columns& counts, unsigned labels,
                       unsigned first_label, const Layout& layout) {
  const std::size_t key_stride = stride_of(keys, layout.words, "keys");
  const std::size_t count_stride = stride_of(counts, labels, "counts");
  if (counts.shape(1) != keys.shape(1))
    throw py::value_error("a table must have as many counts as keys, got " +
                          std::to_string(counts.shape(1)) + " and " +
                          std::to_string(keys.shape(1)));
  return {static_cast<std::size_t>(keys.shape(1)),
          keys.data(),
          counts.data(),
          key_stride,
          count_stride,
          labels,
          first_label};
}

std::size_t stride_of(const UInt64Columns& columns, unsigned number, const char* what) {
  constexpr py::ssize_t entry = sizeof(std::uint64_t);
  if (columns.ndim() != 2 || columns.shape(0) != number ||
      (columns.shape(1) > 1 && columns.strides(1) != entry) || columns.strides(0) < 0 ||
      columns.strides(0) % entry != 0 || !is_aligned(columns))
    throw py::value_error(std::string(what) + " must be (" + std::to_string(number) +
                          ", R), each column contiguous");
  return static_cast<std::size_t>(columns.strides(0) / entry);
}

py::tuple to_python(NgramTable table) {
  const auto rows = static_cast<py::ssize_t>(table.rows);
  const std::uint64_t* keys = table.keys.get();
  const std::uint64_t* counts = table.counts.get();
  return py::make_tuple(adopt(std::move(table.keys), keys, {table.layout.words, rows}),
                        adopt(std::move(table.counts), counts, {table.layout.labels, rows}));
}

py::tuple to_python(JointSpectra spectra) {
  return py::make_tuple(to_dict(spectra.ngrams), to_dict(spectra.contexts));
}

void bind_ngram_table(py::module_& module) {
  module.def("merge", &merge_tables, py::arg("vocab_size"), py::arg("max_order"), py::arg("labels"),
             py::arg("tables"), py::arg("threads"));
  py::class_<LabelledScan>(module, "JointScan")
      .def(py::init<std::uint64_t, unsigned, std::vector<unsigned>, MaskList, unsigned>(),
           py::arg("vocab_size"), py::arg("max_order"), py::arg("labels"), py::arg("masks"),
           py::arg("threads"))
      .def("add", &LabelledScan::add, py::arg("tables"))
      .def("spectra", &LabelledScan::spectra);
}

}  // namespace collapse_stats::python
