#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include "cuda.hpp"
#include "machine.hpp"

namespace py = pybind11;

namespace collapse_stats::ptx {
namespace {

py::dict as_dict(const Operations& operations) {
  py::dict dict;
  dict["loads"] = operations.loads;
  dict["stores"] = operations.stores;
  dict["atomics"] = operations.atomics;
  return dict;
}

py::dict as_dict(const Counters& counters) {
  py::dict dict;
  dict["launches"] = counters.launches;
  dict["blocks"] = counters.blocks;
  dict["instructions"] = counters.instructions;
  dict["lane_instructions"] = counters.lane_instructions;
  dict["barriers"] = counters.barriers;
  dict["shared"] = as_dict(counters.shared);
  dict["global"] = as_dict(counters.global);
  dict["local"] = as_dict(counters.local);
  dict["shared_by_lanes"] = counters.shared_by_lanes;
  dict["wavefronts"] = counters.wavefronts;
  dict["wavefronts_with_conflicts"] = counters.wavefronts_with_conflicts;
  return dict;
}

void bind_machine(py::module_& module) {
  py::register_exception<Complaint>(module, "Complaint", PyExc_RuntimeError);
  module.def(
      "load",
      [](const std::string& folder) {
        Library library;
        library.add_folder(folder);
        machine().library = std::move(library);
      },
      py::arg("folder"), "Run the kernels of the files *.ptx in this folder.");
  module.def(
      "load_text",
      [](std::string name, std::string text) {
        machine().library.add(std::move(name), std::move(text));
      },
      py::arg("name"), py::arg("text"), "Add kernels, or replace those of the same names.");
  module.def(
      "emulate", [](std::uint64_t seed, unsigned) { machine().settings.seed = seed; },
      py::arg("seed"), py::arg("workers") = 1U,
      "Draw the order of warps and lanes from `seed`; 0: they run in order.");
  module.def(
      "run",
      [](const std::string& kernel, std::uint64_t blocks, std::uint64_t threads,
         const py::bytes& parameters, std::size_t dynamic_shared, std::size_t asked_shared) {
        const std::string_view bytes = parameters;
        // Aligned like the parameters of a kernel.
        std::vector<std::max_align_t> aligned(bytes.size() / sizeof(std::max_align_t) + 1);
        std::copy(bytes.begin(), bytes.end(), reinterpret_cast<char*>(aligned.data()));
        machine().run({machine().library.find(kernel), blocks, threads, aligned.data(),
                       bytes.size(), dynamic_shared, asked_shared});
      },
      py::arg("kernel"), py::arg("blocks"), py::arg("threads"), py::arg("parameters"),
      py::arg("dynamic_shared") = 0, py::arg("asked_shared") = 0);
  module.def("counts", [] {
    py::dict all;
    for (const auto& [name, counters] : machine().counters) all[py::str(name)] = as_dict(counters);
    return all;
  });
  module.def("reset_counts", [] { machine().counters.clear(); });
  module.def("allocated", [](std::uint64_t address, std::uint64_t bytes) {
    machine().global.allocated(address, bytes);
  });
  module.def("freed", [](std::uint64_t address) { machine().global.freed(address); });
  module.def("kernel_name", &kernel_name, py::arg("entry"), "The name that `counts` has for it.");
  py::class_<Settings>(module, "Settings")
      .def_readwrite("seed", &Settings::seed)
      .def_readwrite("shared_bytes", &Settings::shared_bytes)
      .def_readwrite("resident_blocks", &Settings::resident_blocks)
      .def_readwrite("most_instructions", &Settings::most_instructions)
      .def_readwrite("unwritten_shared", &Settings::unwritten_shared)
      .def_readwrite("launch_rule", &Settings::launch_rule)
      .def_readwrite("global_bounds", &Settings::global_bounds)
      .def_readwrite("count_conflicts", &Settings::count_conflicts);
  module.def(
      "settings", []() -> Settings& { return machine().settings; },
      py::return_value_policy::reference);
}

}  // namespace
}  // namespace collapse_stats::ptx

#ifndef MODULE_NAME
#define MODULE_NAME _cuda_ptx
#endif

PYBIND11_MODULE(MODULE_NAME, module) {
  module.doc() = "The steps of the GPU as CUDA's compiler made them, run by the CPU: for tests.";
  collapse_stats::python::bind_cuda(module);
  collapse_stats::ptx::bind_machine(module);
}
