"""start-dev.sh: everything that the service needs, then the service in the background, ready at the end."""

import argparse
import sys
from collections.abc import Sequence

from dev.checkout import STATE
from dev.parts import interrupts, processes
from dev.scripts import environment, mishaps

STORAGE_HELP = """\
where packages are kept:
  auto        what the last start used; at the first, the MinIO of config.yaml if
              it answers, else a minio on PATH or in the cache, else docker compose
              where a daemon answers, else a folder (the default)
  minio       MinIO; built once from its source, with Go, if there is none
  filesystem  a folder of this machine
"""


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """The options; ends with a message if they are wrong."""
    parser = argparse.ArgumentParser(
        prog="./start-dev.sh",
        description="Start the package service on this machine, with all that it needs.\n"
        "What is stored is kept under data/ until you remove it. ./stop-dev.sh stops everything.",
        formatter_class=argparse.RawTextHelpFormatter,
    )
    parser.add_argument("--storage", choices=("auto", "minio", "filesystem"), default="auto", help=STORAGE_HELP)
    parser.add_argument("--port", type=port, metavar="N", help="the port to listen on (default: 8080)")
    return parser.parse_args(arguments)


def port(text: str) -> int:
    """A port from 1 to 65535."""
    number = int(text) if text.isascii() and text.isdigit() else 0
    if not 1 <= number <= 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port: it takes a number from 1 to 65535")
    return number


def main(arguments: Sequence[str]) -> int:
    """The exit code."""
    interrupts.install()
    options = parse(arguments)
    try:
        mishaps.refuse_foreign(STATE)
        environment.enter("dev.scripts.start", arguments)
        from dev.scripts import start_steps  # noqa: PLC0415 - it imports what .venv holds

        with environment.exclusively():
            start_steps.start(options.storage, options.port)
    except KeyboardInterrupt:
        interrupts.ignore()
        print("\nInterrupted. Nothing was left running.", file=sys.stderr)
        return 130
    except (processes.Failed, TimeoutError, OSError) as error:
        print(f"start-dev.sh: {mishaps.one_line(error)}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
