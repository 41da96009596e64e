# Sourced: finds a Python that is new enough and goes to the checkout. Sets $python.
cd -- "$(dirname -- "$(readlink -f -- "${BASH_SOURCE[1]}")")"
python=
for name in python3 python3.14 python3.13 python3.12 python3.11; do
    if "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
        python=$name
        break
    fi
done
if [ -z "$python" ]; then
    echo "Python 3.11 or newer is needed, and is not on PATH. On Debian or Ubuntu: apt-get install python3 python3-venv" >&2
    exit 1
fi
