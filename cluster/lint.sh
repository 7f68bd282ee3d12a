#!/usr/bin/env bash
# Layout and clang-tidy of our own C++ files.
#
#   cluster/lint.sh format             lays files out in place
#   cluster/lint.sh check [changed]    what differs from main, or else from the last commit
#   cluster/lint.sh check all          everything
#   cluster/lint.sh staged             layout of the staged files only (the git hook)
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

own_files() { git ls-files --cached --others --exclude-standard 'framework/**.h' 'framework/**.cpp' 'tests/**.h' 'tests/**.cpp'; }

# On a branch: all that differs from main. On main itself: the uncommitted work, or else the last commit.
changed_files() {
  local base
  base=$(git merge-base HEAD main 2>/dev/null || git rev-parse HEAD)
  if [[ $base == $(git rev-parse HEAD) ]] && git diff --quiet HEAD -- framework tests; then
    base=$(git rev-parse --verify --quiet HEAD~1 || echo "$base")
  fi
  comm -12 <({ git diff --name-only --diff-filter=d "$base"; git ls-files --others --exclude-standard; } | sort -u) \
    <(own_files | sort -u)
}

check_layout() {
  [[ $# == 0 ]] || clang-format --dry-run --Werror "$@"
}

# Its own folder, never built: without the precompiled header, which is the compiler's and not clang's.
configure() {
  cmake --preset dev -B build/lint -DCOLDFRAME_PCH=OFF >/dev/null
}

check_tidy() {
  local -a sources=()
  local file
  for file in "$@"; do
    [[ $file == *.cpp ]] && grep -qF "/$file\"" build/lint/compile_commands.json && sources+=("$file")
  done
  [[ ${#sources[@]} == 0 ]] ||
    printf '%s\0' "${sources[@]}" | xargs -0 -n 1 -P "$(nproc)" clang-tidy-16 --quiet -p build/lint --extra-arg=-Wno-unknown-warning-option
}

main() {
  local -a files
  case "${1:-}" in
    format)
      mapfile -t files < <(own_files)
      [[ ${#files[@]} == 0 ]] || clang-format -i "${files[@]}"
      ;;
    staged)
      mapfile -t files < <(git diff --cached --name-only --diff-filter=d -- 'framework/**.h' 'framework/**.cpp' 'tests/**.h' 'tests/**.cpp')
      check_layout "${files[@]}"
      ;;
    check)
      if [[ ${2:-changed} == all ]]; then mapfile -t files < <(own_files); else mapfile -t files < <(changed_files); fi
      echo "lint: ${#files[@]} files"
      check_layout "${files[@]}"
      configure
      check_tidy "${files[@]}"
      ;;
    *)
      echo "lint: unknown command '${1:-}' (known: format, check [changed|all], staged)" >&2
      exit 2
      ;;
  esac
}

main "$@"
