"""How well counts of tokens fit counts of known values, and what that says about which is which."""

from typing import TypeVar

import numpy as np
from scipy.sparse import csr_matrix
from scipy.special import gammaln

from linkage.attack.sample import Floats, Singles

Shares = TypeVar("Shares", Floats, Singles)
UNSEEN = 0.5
BELIEVED = 0.05
LEAST = 1e-30  # of a sum that is divided by: figures of 32 bits hold its inverse too


def fit(seen: Floats, known: Floats, ratio: float, spread: float) -> Floats:
    """(token, value): log-likelihood that a token seen so often is a value known so often.

    Negative binomial: a rate known from a sample, met in another `ratio` times its size. `spread` above 1 says how much
    more counts of people vary than independent draws, since families share names.
    """
    shape = (known + UNSEEN)[None, :]
    seen = seen[:, None]
    log = gammaln(seen + shape) - gammaln(shape) - gammaln(seen + 1)
    return np.asarray((log - shape * np.log1p(ratio) + seen * np.log(ratio / (1 + ratio))) / spread)


def company(seen: csr_matrix, known: Floats, meaning: Floats, weight: float = 20.0) -> Floats:
    """(token, value): log-likelihood ratio of the company that a token keeps.

    `seen`: people by token and by token of another field. `meaning`: how sure we are of the value of each of the other
    field's. `known`: people by value and by value of the other field. `weight`: how many people a prior is worth.
    """
    overall = (known.sum(0) + UNSEEN) / (known.sum() + UNSEEN * known.shape[1])
    expected = (known + weight * overall) / (known.sum(1, keepdims=True) + weight)
    met = seen @ np.where(meaning > BELIEVED, meaning, 0.0)
    return np.asarray(met @ np.log(expected).T - (met @ np.log(overall))[:, None])


def beliefs(log_likelihood: Shares, temperature: float = 1.0, turns: int = 30) -> Shares:
    """(token, value): shares of belief. A token is one value, and a value is no more than one token.

    Rows and columns are scaled in turn (Sinkhorn); a `temperature` above 1 doubts the likelihood.
    """
    scaled = log_likelihood / temperature
    shares = np.exp(scaled - scaled.max(axis=1, keepdims=True))
    of_value = np.ones(shares.shape[1], shares.dtype)
    for _ in range(turns):
        of_token = 1 / np.maximum(shares @ of_value, LEAST)
        of_value = of_value / np.maximum(of_value * (of_token @ shares), 1.0)
    return np.asarray(of_token[:, None] * shares * of_value, shares.dtype)
