"""`python -m bench.cli` is `bptt-bench`."""

import sys

from bench.cli import main

sys.exit(main())
