#!/usr/bin/env bash
# Print the path of CPython 3.N, or nothing if there is none: tools/cpython.sh N
# PYENV_VERSION is for pyenv, whose commands run no other version than the one that it names.
PYENV_VERSION=3.$1 "python3.$1" -c 'import sys; print(sys.executable)' 2> /dev/null || true
