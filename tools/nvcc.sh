#!/usr/bin/env bash
# Print the folder of nvcc; if there is none, install it (300 MB) into the given Python's environment:
#     PATH=$(tools/nvcc.sh .venv/bin/python):$PATH
set -euo pipefail
python=$1
if command -v nvcc > /dev/null; then
  dirname "$(command -v nvcc)"
  exit
fi
"$python" -m pip install --quiet nvidia-cuda-nvcc==13.0.* nvidia-cuda-crt==13.0.* \
  nvidia-nvvm==13.0.* nvidia-cuda-runtime==13.0.* nvidia-cuda-cccl==13.0.* >&2
"$python" -c 'import sysconfig; print(sysconfig.get_path("purelib") + "/nvidia/cu13/bin")'
