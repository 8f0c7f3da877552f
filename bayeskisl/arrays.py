"""Type aliases of arrays, by the type of their elements.

An array of texts, or one that may have numbers of either kind, is a plain `numpy.ndarray`.
"""

import numpy as np
from numpy.typing import NDArray

__all__ = ["BoolArray", "Float32Array", "FloatArray", "IntArray"]

FloatArray = NDArray[np.float64]
Float32Array = NDArray[np.float32]  # what kernels of training compute in, and tables of outcomes that fill memory
IntArray = NDArray[np.integer]  # of any width, with a sign or without: counts, indices, tokens
BoolArray = NDArray[np.bool_]
