"""Entry point of the command: every outcome is an exit code, every error one line, and no traceback shows a token."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from opampkg.arguments import parser
from opampkg.errors import OpampkgError
from opampkg.progress import Progress
from opampkg.run import Run

INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; its exit code."""
    options = parser().parse_args(arguments)
    progress = Progress(quiet=options.quiet)
    try:
        code = int(options.run(Run(options, progress, dict(os.environ))) or 0)
        sys.stdout.flush()
    except OpampkgError as error:
        progress.say(f"opampkg: {error}")
        code = error.exit_code
    except BrokenPipeError:  # what reads our output has ended
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 1
    except OSError as error:
        progress.say(f"opampkg: {error.strerror or 'an error of the system'}: {error.filename or 'of a file'}")
        code = 1
    except KeyboardInterrupt:
        progress.say("opampkg: interrupted; run it again, and it goes on where it stopped.")
        sys.stderr.flush()
        # Threads that still send are not waited for.
        os._exit(INTERRUPTED)
    except Exception as error:  # noqa: BLE001 - a traceback could show what nobody is to see
        progress.say(f"opampkg: unexpected {type(error).__name__} in {options.command}; report it, please.")
        code = 1
    return code
