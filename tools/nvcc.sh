#!/usr/bin/env bash
# Says where an nvcc is, and gets one (300 MB) into the environment of this Python if there is none:
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
