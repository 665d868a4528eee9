#!/usr/bin/env bash
set -euo pipefail
cmake -S . -B build ${CMAKE_ARGS:-} -DCMAKE_INSTALL_PREFIX="$PREFIX" -DBUILD_TESTING=OFF
cmake --build build -j "${CPU_COUNT:-2}"
cmake --install build
