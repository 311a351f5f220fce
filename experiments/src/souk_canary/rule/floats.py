"""Arrays, whose first axes are those of the runs."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Truths = npt.NDArray[np.bool_]


def log_mean(logs: Floats) -> Floats:
    """ln of the mean, over the last axis, of what these are the logarithms of."""
    highest = logs.max(axis=-1)
    return np.asarray(highest + np.log(np.exp(logs - highest[..., None]).mean(axis=-1)))
