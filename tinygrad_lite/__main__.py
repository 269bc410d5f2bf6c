"""python -m tinygrad_lite explain script.py: the page of a script's backward pass (explanation/command.py)."""

import sys

from tinygrad_lite.explanation.command import main

sys.exit(main(sys.argv[1:]))
