# SPDX-License-Identifier: Apache-2.0
"""Other detectors for tests/bench/detection, with their usual settings: controls and peers.

Each takes vectors of the training records, vectors of the test records and a seed, and returns the
scores of the test records. No label reaches them.
"""

import numpy
from sklearn.decomposition import PCA
from sklearn.ensemble import IsolationForest
from sklearn.neural_network import MLPRegressor

NAMED = (1, 2, 3)  # protocol_type, service, flag
RANDOM_UNITS = 1024
TILE = 20000


def columns(rows):
    number = numpy.array([[float(x) for i, x in enumerate(r) if i not in NAMED] for r in rows])
    return number, [[r[i] for r in rows] for i in NAMED]


def one_hot(train, test):
    """One element for each name of the training records; a new name is all zeros."""
    at = {name: i for i, name in enumerate(sorted(set(train)))}
    out = []
    for names in (train, test):
        x = numpy.zeros((len(names), len(at)))
        for i, name in enumerate(names):
            if name in at:
                x[i, at[name]] = 1
        out.append(x)
    return out


def vectors(train, test):
    """log(1 + x), from 0 to 1 over the training records, and the names as one-hot groups."""
    a, names_a = columns(train)
    b, names_b = columns(test)
    a, b = numpy.log1p(a), numpy.log1p(b)
    low, span = a.min(0), a.max(0) - a.min(0)
    span[span == 0] = 1
    parts_a, parts_b = [(a - low) / span], [(b - low) / span]
    for x, y in zip(names_a, names_b):
        x, y = one_hot(x, y)
        parts_a.append(x)
        parts_b.append(y)
    return numpy.hstack(parts_a), numpy.hstack(parts_b)


def tiles(x):
    return (x[i : i + TILE] for i in range(0, len(x), TILE))


def whitened(train, test, ridge):
    """Squared Mahalanobis distance; the ridge is a share of the mean variance."""
    mean = train.mean(0)
    c = numpy.cov(train, rowvar=False)
    factor = numpy.linalg.cholesky(c + ridge * numpy.trace(c) / len(c) * numpy.eye(len(c)))
    inverse = numpy.linalg.inv(factor).T
    return numpy.concatenate([(((x - mean) @ inverse) ** 2).sum(1) for x in tiles(test)])


def mahalanobis(train, test, _seed):
    return whitened(train, test, 3e-4)


def random_layer(train, test, seed):
    """An untrained layer of leaky units, and the distance of what it computes."""
    r = numpy.random.RandomState(seed)
    w = r.normal(0, 1, (train.shape[1], RANDOM_UNITS)) * numpy.sqrt(2.0 / train.shape[1])
    bias = r.normal(0, 0.1, RANDOM_UNITS)

    def layer(x):
        y = (x - 0.5) @ w + bias
        return numpy.concatenate([numpy.where(y > 0, y, 0.1 * y), x], 1)

    few = train[r.permutation(len(train))[: 2 * TILE]]
    known = layer(few)
    mean = known.mean(0)
    c = numpy.cov(known, rowvar=False)
    inverse = numpy.linalg.inv(numpy.linalg.cholesky(c + 3e-4 * numpy.trace(c) / len(c) * numpy.eye(len(c)))).T
    return numpy.concatenate([(((layer(x) - mean) @ inverse) ** 2).sum(1) for x in tiles(test)])


def autoencoder(train, test, seed):
    net = MLPRegressor((64, 32, 64), max_iter=15, batch_size=64, random_state=seed, tol=0, n_iter_no_change=15)
    net.fit(train, train)
    return numpy.concatenate([((net.predict(x) - x) ** 2).sum(1) for x in tiles(test)])


def pca(train, test, _seed):
    p = PCA(0.99).fit(train)
    return numpy.concatenate([((p.inverse_transform(p.transform(x)) - x) ** 2).sum(1) for x in tiles(test)])


def isolation_forest(train, test, seed):
    return -IsolationForest(100, random_state=seed).fit(train).score_samples(test)


def ecod(train, test, _seed):
    """Li et al. 2022: -log of the empirical tails, the largest of left, right and by skewness."""
    n = len(train)
    left, right, skewed = (numpy.zeros(len(test)) for _ in range(3))
    for j in range(train.shape[1]):
        x = numpy.sort(train[:, j])
        below = -numpy.log((numpy.searchsorted(x, test[:, j], "right") + 1) / (n + 1))
        above = -numpy.log((n - numpy.searchsorted(x, test[:, j], "left") + 1) / (n + 1))
        d = x - x.mean()
        left += below
        right += above
        skewed += below if (d**3).sum() < 0 else above
    return numpy.maximum(numpy.maximum(left, right), skewed)


# Those that draw nothing run once.
PEERS = {
    "random-layer": (random_layer, True),
    "mahalanobis": (mahalanobis, False),
    "autoencoder": (autoencoder, True),
    "pca": (pca, False),
    "isolation-forest": (isolation_forest, True),
    "ecod": (ecod, False),
}
