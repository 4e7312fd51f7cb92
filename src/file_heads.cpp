#include "file_heads.hpp"

#include "bindings.hpp"

namespace collapse_stats::python {
namespace {

py::list read_file_heads(const std::vector<py::bytes>& names, std::size_t most, unsigned threads) {
  std::vector<std::string> paths;
  paths.reserve(names.size());
  for (const py::bytes& name : names) paths.push_back(std::string(name));
  std::vector<std::optional<FileHead>> heads;
  {
    const py::gil_scoped_release released;
    heads = read_heads(paths, most, threads);
  }
  py::list result(heads.size());
  for (std::size_t i = 0; i < heads.size(); ++i) {
    if (heads[i])
      result[i] = py::make_tuple(heads[i]->size, heads[i]->changed_ns, heads[i]->inode,
                                 py::bytes(heads[i]->data));
    else
      result[i] = py::none();
    heads[i].reset();  // two copies of one file, not of all
  }
  return result;
}

}  // namespace

void bind_file_heads(py::module_& module) {
  module.def("read_file_heads", &read_file_heads, py::arg("names"), py::arg("most"),
             py::arg("threads"));
}

}  // namespace collapse_stats::python
