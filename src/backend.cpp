#include "backend.hpp"

#include <string>

#include "bindings.hpp"

namespace collapse_stats::python {

void bind_backend(py::module_& module) {
  module.def("describe", [] {
    std::vector<std::pair<std::string, std::string>> list;
    for (const Backend& backend : backends()) list.emplace_back(backend.name, backend.description);
    return list;
  });
}

}  // namespace collapse_stats::python
