#!/bin/sh
# Make .venv with pip in it. Debian and Ubuntu leave ensurepip out of python3: where it is missing it is installed
# with apt when we may, and otherwise the one command to run is named.
set -eu
python=${1:-python3}

fail() {
    printf 'docket: %s\n' "$1" >&2
    exit 1
}

"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null ||
    fail "Docket needs Python 3.11 or newer; '$python' is older or absent. Name another with: make PYTHON=python3.12 ..."

if ! "$python" -c 'import ensurepip' 2>/dev/null; then
    package=$("$python" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')
    command -v apt-get >/dev/null || fail "this Python has no ensurepip; install your system's package for venv"
    if [ "$(id -u)" = 0 ]; then sudo=""; elif sudo -n true 2>/dev/null; then sudo="sudo -n"; else
        fail "this Python cannot make virtual environments yet; run: sudo apt-get install $package"
    fi
    echo "docket: installing $package, which virtual environments need"
    $sudo apt-get update -qq
    $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "$package" >/dev/null
fi
[ -x .venv/bin/python ] && .venv/bin/python -m pip --version >/dev/null 2>&1 || "$python" -m venv --clear .venv
