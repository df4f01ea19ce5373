"""Shared by the scripts: the tree, the import graph, the flow. Nothing here is imported by a member."""

import sys

if sys.version_info < (3, 11):  # noqa: UP036 - an older Python must hear this sentence, not a traceback
    raise SystemExit("Python 3.11 or newer is needed")
