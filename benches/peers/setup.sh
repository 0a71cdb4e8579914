#!/usr/bin/env bash
# Makes a virtual environment of the peers.
#
#     setup.sh [FOLDER]                  of inference: about 8 GB with torch from PyPI;
#                                        default ~/.cache/striatum/peers-VERSION
#     setup.sh --simulation [FOLDER]     of simulation: about 1 GB, and a C++ compiler when it runs;
#                                        default ~/.cache/striatum/simulators-VERSION
#
# TORCH_INDEX, if set, is the index to take torch from (one of CPU builds saves 6 GB).
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
name=peers requirements=$here/requirements.txt
if [ "${1:-}" = --simulation ]; then
    name=simulators requirements=$here/requirements-simulation.txt
    shift
fi
version=$(sha256sum "$requirements" | cut -c1-8)
folder=${1:-${XDG_CACHE_HOME:-$HOME/.cache}/striatum/$name-$version}

python3 -m venv "$folder"
pip=("$folder/bin/pip" install --disable-pip-version-check)
if [ "$name" = simulators ]; then
    "${pip[@]}" -r "$requirements"
else
    [ -z "${TORCH_INDEX:-}" ] || "${pip[@]}" torch --index-url "$TORCH_INDEX"
    "${pip[@]}" -r "$requirements"
    "${pip[@]}" --no-deps nir==1.0.8 nirtorch==2.6
    cc -O3 -march=native "$here/limit.c" -o "$folder/bin/limit"
fi
echo "$folder"
