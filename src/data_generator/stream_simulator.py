"""The name under which courses know it: `stafford simulate`, with its options and defaults."""

import sys

from stafford.cli.main import main

if __name__ == "__main__":
    sys.argv = ["stafford", "simulate", *sys.argv[1:]]
    main()
