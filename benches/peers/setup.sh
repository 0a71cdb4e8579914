#!/usr/bin/env bash
# Makes the virtual environment of the peers: about 8 GB with torch from PyPI.
#
#     setup.sh [FOLDER]     default ~/.cache/striatum/peers-VERSION
#
# TORCH_INDEX, if set, is the index to take torch from (one of CPU builds saves 6 GB).
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
version=$(sha256sum "$here/requirements.txt" | cut -c1-8)
folder=${1:-$HOME/.cache/striatum/peers-$version}

python3 -m venv "$folder"
pip=("$folder/bin/pip" install --disable-pip-version-check)
[ -z "${TORCH_INDEX:-}" ] || "${pip[@]}" torch --index-url "$TORCH_INDEX"
"${pip[@]}" -r "$here/requirements.txt"
"${pip[@]}" --no-deps nir==1.0.8 nirtorch==2.6
cc -O3 -march=native "$here/limit.c" -o "$folder/bin/limit"
echo "$folder"
