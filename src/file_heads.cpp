#include "file_heads.hpp"

#include <mutex>

#include "bindings.hpp"

namespace collapse_stats::python {
namespace {

/// A HeadReader for Python, whose threads take turns.
class PythonHeadReader {
 public:
  PythonHeadReader(const std::vector<py::bytes>& names, std::size_t most, std::size_t together,
                   unsigned threads)
      : reader_({names.begin(), names.end()}, most, together, threads) {}

  py::list next() {
    FileHeads heads;
    {
      const py::gil_scoped_release released;
      const std::lock_guard only(lock_);
      heads = reader_.next();
    }
    py::list result(heads.size());
    for (std::size_t i = 0; i < heads.size(); ++i) {
      if (heads[i])
        result[i] = py::make_tuple(
            py::make_tuple(heads[i]->size, heads[i]->changed_ns, heads[i]->inode),
            py::bytes(heads[i]->data));
      else
        result[i] = py::none();
      heads[i].reset();  // two copies of one file, not of all
    }
    return result;
  }

 private:
  std::mutex lock_;
  HeadReader reader_;
};

}  // namespace

void bind_file_heads(py::module_& module) {
  py::class_<PythonHeadReader>(module, "HeadReader")
      .def(py::init<const std::vector<py::bytes>&, std::size_t, std::size_t, unsigned>(),
           py::arg("names"), py::arg("most"), py::arg("together"), py::arg("threads"))
      .def("next", &PythonHeadReader::next);
}

}  // namespace collapse_stats::python
