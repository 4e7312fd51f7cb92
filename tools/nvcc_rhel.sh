#!/usr/bin/env bash
# Install nvcc in the containers that wheels for Linux are built in, which are of the RHEL 8 family.
# CUDA 12.9 is the newest whose runtime, which is linked into the module, works with drivers of CUDA
# 12 as well as of CUDA 13.
set -euo pipefail
case $(uname -m) in
  x86_64) repository=x86_64 ;;
  aarch64) repository=sbsa ;;
  *) echo "CUDA has no compiler for $(uname -m)" >&2; exit 1 ;;
esac
dnf config-manager --add-repo \
  "https://developer.download.nvidia.com/compute/cuda/repos/rhel8/$repository/cuda-rhel8.repo"
dnf install -y cuda-nvcc-12-9 cuda-cudart-devel-12-9 cuda-cccl-12-9
ln -sfn /usr/local/cuda-12.9 /usr/local/cuda
