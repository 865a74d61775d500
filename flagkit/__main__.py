"""`python -m flagkit`: the command line."""

import sys

from flagkit.cli import main

if __name__ == "__main__":
    sys.exit(main())
