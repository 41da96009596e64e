"""`python3 -m opampkg`."""

import sys

from opampkg.cli import main

if __name__ == "__main__":
    sys.exit(main())
