"""stop-dev.sh: stops what start-dev.sh started, and only that; it needs the standard library only."""

import argparse
import sys
from collections.abc import Sequence

from dev.parts import processes, running_parts
from dev.scripts import environment, mishaps


def main(arguments: Sequence[str]) -> int:
    """The exit code."""
    argparse.ArgumentParser(
        prog="./stop-dev.sh", description="Stop what ./start-dev.sh started. What is stored stays."
    ).parse_args(arguments)
    try:
        with environment.exclusively():
            stop()
    except KeyboardInterrupt:
        print("\nInterrupted. Run ./stop-dev.sh again to stop the rest.", file=sys.stderr)
        return 130
    except (processes.Failed, OSError) as error:
        print(f"stop-dev.sh: {mishaps.one_line(error)}", file=sys.stderr)
        return 1
    return 0


def stop() -> None:
    """Stop what is recorded and still runs."""
    running = running_parts.read()
    names = [part.name for part in running.parts if part.is_running()]
    names += [f"the containers of {project}" for project in running.containers]
    if not names:
        print("Nothing is running.")
    else:
        print(f"Stopping {', '.join(reversed(names))}; requests in progress may finish …", flush=True)
    running_parts.stop(running)
    if names:
        print("Stopped. What was stored is kept; ./start-dev.sh brings it back.")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
