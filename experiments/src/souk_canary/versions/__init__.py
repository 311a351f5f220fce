"""Two versions of a service's code side by side on a local mesh: commits of git, or the working tree.

with side_by_side(state, root, service="order", baseline="main", candidate="."):
    ...  # the service has the subsets `baseline`, with all requests, and `candidate`, with none
"""

from souk_canary.versions.pair import clear, side_by_side
from souk_canary.versions.trees import VersionError

__all__ = ["VersionError", "clear", "side_by_side"]
