#include "backend.hpp"

#include <string>

#include "bindings.hpp"
#include "cpu/instruction_set.hpp"
#include "cpu/slab.hpp"

namespace collapse_stats::python {

void bind_backend(py::module_& module) {
  module.def("describe", [] {
    std::vector<std::pair<std::string, std::string>> list;
    for (const Backend& backend : backends()) list.emplace_back(backend.name, backend.description);
    return list;
  });
  module.def("instruction_set", [] { return cpu::name(cpu::instruction_set()); });
  module.def("instruction_sets", [] {
    std::vector<std::string> names;
    for (const cpu::InstructionSet set : cpu::instruction_sets())
      names.emplace_back(cpu::name(set));
    return names;
  });
  module.def("idle_memory", [] { return cpu::idle_slab_bytes(); });
  module.def("release_idle_memory", [] { return cpu::release_idle_slabs(); });
}

}  // namespace collapse_stats::python
