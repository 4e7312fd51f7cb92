# Decides whether the steps of the GPU are compiled for GPUs, and for which architectures. Sets
# `with_cuda`. CMAKE_CUDA_ARCHITECTURES, or CUDAARCHS in the environment, takes precedence.
include(CheckLanguage)

set(cuda_wanted "${COLLAPSE_CUDA}")
if(cuda_wanted STREQUAL "")
  set(cuda_wanted "$ENV{COLLAPSE_CUDA}")
endif()
if(cuda_wanted STREQUAL "")
  set(cuda_wanted AUTO)
endif()
if(NOT cuda_wanted MATCHES "^(AUTO|ON|OFF)$")
  message(FATAL_ERROR "COLLAPSE_CUDA must be AUTO, ON or OFF, got \"${cuda_wanted}\"")
endif()

set(gpu_present FALSE)
execute_process(COMMAND nvidia-smi -L
  OUTPUT_VARIABLE gpus RESULT_VARIABLE failed ERROR_QUIET)
if(EXISTS /dev/nvidia0 OR (failed STREQUAL "0" AND gpus MATCHES "GPU"))
  set(gpu_present TRUE)
endif()

# The common architectures that this nvcc supports: machine code for each, and PTX for the last one,
# which the driver compiles for later GPUs. Architectures 100 and 120 need CUDA 12.8.
function(known_architectures result)
  execute_process(COMMAND "${CMAKE_CUDA_COMPILER}" --list-gpu-code
    OUTPUT_VARIABLE codes RESULT_VARIABLE failed ERROR_QUIET OUTPUT_STRIP_TRAILING_WHITESPACE)
  if(NOT failed STREQUAL "0")
    set(codes "sm_80\nsm_90")
  endif()
  string(REPLACE "\n" ";" codes "${codes}")
  set(known)
  foreach(architecture 80 86 89 90 100 120)
    if("sm_${architecture}" IN_LIST codes)
      list(APPEND known ${architecture})
    endif()
  endforeach()
  list(POP_BACK known last)
  list(TRANSFORM known APPEND "-real")
  set(${result} ${known} ${last} PARENT_SCOPE)
endfunction()

set(with_cuda FALSE)
if(cuda_wanted STREQUAL "ON" OR (cuda_wanted STREQUAL "AUTO" AND gpu_present))
  check_language(CUDA)
  if(CMAKE_CUDA_COMPILER)
    set(with_cuda TRUE)
  elseif(cuda_wanted STREQUAL "ON")
    message(FATAL_ERROR "COLLAPSE_CUDA=ON needs CUDA's compiler, but no working nvcc was found: "
      "install the CUDA toolkit (12.4 or later) and put nvcc on the PATH or name it in CUDACXX, "
      "or set COLLAPSE_CUDA=OFF")
  endif()
endif()

if(with_cuda)
  if(NOT DEFINED CMAKE_CUDA_ARCHITECTURES AND NOT DEFINED ENV{CUDAARCHS})
    if(gpu_present)
      set(CMAKE_CUDA_ARCHITECTURES native)
    else()
      known_architectures(CMAKE_CUDA_ARCHITECTURES)
    endif()
  endif()
  set(CMAKE_CUDA_STANDARD 20)
  set(CMAKE_CUDA_STANDARD_REQUIRED ON)
  set(CMAKE_CUDA_EXTENSIONS OFF)
  set(CMAKE_CUDA_VISIBILITY_PRESET hidden)
  set(CMAKE_CUDA_RUNTIME_LIBRARY Static)  # so that the module loads without driver and toolkit
  enable_language(CUDA)
  message(STATUS "GPUs: compiling for ${CMAKE_CUDA_ARCHITECTURES}")
else()
  message(STATUS "GPUs: not compiling for any (COLLAPSE_CUDA=${cuda_wanted})")
endif()
