"""Add the golden files of new stored names: `python -m tests.golden`."""

import sys

from tests.golden import add_new
from tests.golden.metrics import add_new_metrics

sys.stdout.write("".join(f"added {name}\n" for name in (*add_new(), *add_new_metrics())) or "nothing to add\n")
