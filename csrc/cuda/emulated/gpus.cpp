#include "cuda/api.hpp"

namespace collapse_stats::cuda {

std::vector<GpuDescription> gpus() { return {{"a GPU played by the CPU", 0, 0, 0, 1}}; }

unsigned runtime_version() { return 0; }

}  // namespace collapse_stats::cuda
