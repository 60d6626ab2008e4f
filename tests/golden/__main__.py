"""Add the golden files of new stored names: `python -m tests.golden`."""

import sys

from tests.golden import add_new

sys.stdout.write("".join(f"added {wire}\n" for wire in add_new()) or "nothing to add\n")
