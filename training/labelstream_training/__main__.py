"""python -m labelstream_training"""

import sys

from .cli import main

sys.exit(main())
