"""Problems that the tests of callbacks share."""

import numpy as np


def rosenbrock(x):
    return np.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


def logistic_data(m=80, n=6):
    rng = np.random.default_rng(3)
    features = rng.standard_normal((m, n))
    labels = np.where(features @ rng.standard_normal(n) + rng.standard_normal(m) > 0, 1.0, -1.0)
    return features, labels


def logistic(w, features, labels):
    return np.mean(np.logaddexp(0.0, -labels * (features @ w))) + 0.01 * np.sum(w**2)


T = np.linspace(0.0, 3.0, 30)
DATA = 2.0 * np.exp(-1.3 * T) + 0.5 + 0.02 * np.cos(17 * T)


def decay(p):
    return p[0] * np.exp(-p[1] * T) + p[2] - DATA
