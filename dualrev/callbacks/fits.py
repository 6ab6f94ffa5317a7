"""What a fit says about its parameters."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import linalg, sparse


def covariance_of(jac: Any, residuals: np.ndarray, absolute_sigma: bool = False) -> np.ndarray:
    """Covariance of the parameters of a least-squares fit from the Jacobian of its residuals.

    ``s^2 (J^T J)^-1`` by the singular values of ``J``, with the residual variance ``s^2`` that
    `curve_fit` takes too. Infinite if ``J`` has not full rank, or without degrees of freedom.
    [Björck 1996, sec. 1.1]
    """
    jac = jac.toarray() if sparse.issparse(jac) else np.asarray(jac)
    m, n = jac.shape
    _, s, vt = linalg.svd(jac, full_matrices=False)
    is_full = m >= n and s[-1] > np.finfo(float).eps * max(m, n) * s[0] if n else True
    if not is_full or (m <= n and not absolute_sigma):
        return np.full((n, n), np.inf)
    inverse = (vt.T / s**2) @ vt
    return inverse if absolute_sigma else inverse * (residuals @ residuals / (m - n))
