"""python -m tinygrad_lite explain script.py: the page of a script's backward pass (explanation/command.py).
python -m tinygrad_lite doctor: what decides how fast NumPy and CuPy are here, and what to set (doctor.py).
"""

import sys

from tinygrad_lite import doctor
from tinygrad_lite.explanation import command

if __name__ == "__main__":
    if sys.argv[1:2] == ["doctor"]:
        sys.exit(doctor.main(sys.argv[2:]))
    sys.exit(command.main(sys.argv[1:]))
