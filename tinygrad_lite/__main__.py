"""python -m tinygrad_lite explain script.py: the page of a script's backward pass (explanation/command.py)."""

import sys

from tinygrad_lite.explanation.command import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
