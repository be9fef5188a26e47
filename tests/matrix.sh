#!/usr/bin/env bash
# Install the package under each version of Python and run a few tests, those of its files and of programs.
#   tests/matrix.sh                    3.11, 3.12 and 3.13, those that are here: of pyenv, or in the PATH
#   tests/matrix.sh 3.13 -- tests      one of them, and other tests
# Environments are kept in .matrix/ for the next time.
set -uo pipefail
cd "$(dirname "$0")/.."

versions=()
while (($#)) && [[ $1 != -- ]]; do
  versions+=("$1")
  shift
done
((${#versions[@]})) || versions=(3.11 3.12 3.13)
(($#)) && shift
tests=("$@")
((${#tests[@]})) || tests=(tests/test_wheel.py tests/test_packaging.py tests/test_jobs.py tests/test_compose.py tests/test_quantize.py)

python_of() {
  local candidate
  for candidate in "${PYENV_ROOT:-$HOME/.pyenv}/versions/$1."*/bin/python "$(command -v "python$1")"; do
    if [[ $("$candidate" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null) == "$1" ]]; then
      echo "$candidate"
      return
    fi
  done
  return 1
}

failed=0
for version in "${versions[@]}"; do
  environment=.matrix/$version
  if ! python=$(python_of "$version"); then
    echo "Python $version: not here, skipped"
    continue
  fi
  [[ -x $environment/bin/python ]] || "$python" -m venv "$environment"
  if "$environment/bin/pip" install --quiet --editable '.[test]' >"$environment/install.log" 2>&1 &&
    PATH=$PWD/$environment/bin:$PATH "$environment/bin/pytest" -n0 -q "${tests[@]}" >"$environment/tests.log" 2>&1; then
    packages=$("$environment/bin/pip" list --format freeze | grep -iE '^(brian2|numpy|snakemake)==' | tr '\n' ' ')
    echo "Python $version: $(tail -n 1 "$environment/tests.log"), with $packages"
  else
    echo "Python $version: FAILED, see $environment/install.log and tests.log"
    failed=1
  fi
done
exit $failed
