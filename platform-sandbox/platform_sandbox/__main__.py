"""`python -m platform_sandbox`."""

import sys

from platform_sandbox.cli import main

sys.exit(main())
