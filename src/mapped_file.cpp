#include "mapped_file.hpp"

#include <cerrno>
#include <system_error>

#include "bindings.hpp"

namespace collapse_stats::python {
namespace {

std::unique_ptr<MappedFile> make_map(int file, std::size_t size) {
  try {
    return std::make_unique<MappedFile>(file, size);
  } catch (const std::system_error& error) {
    errno = error.code().value();
    PyErr_SetFromErrno(PyExc_OSError);
    throw py::error_already_set();
  }
}

}  // namespace

void bind_mapped_file(py::module_& module) {
  py::class_<MappedFile>(module, "MappedFile")
      .def(py::init(&make_map), py::arg("file"), py::arg("size"))
      .def("__len__", &MappedFile::size)
      .def_property_readonly("address",
                             [](const MappedFile& map) {
                               return reinterpret_cast<std::uintptr_t>(map.data());
                             })
      .def_property_readonly("is_whole", &MappedFile::is_whole);
}

}  // namespace collapse_stats::python
