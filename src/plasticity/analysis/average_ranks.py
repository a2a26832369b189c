"""Ranks with ties at their mean: `scipy.stats.rankdata` without the second that importing scipy.stats takes a job."""

import numpy as np


def average_ranks(values: np.ndarray) -> np.ndarray:
    """Return the ranks of values (..., n) along the last axis, from 1 on; all NaN in a series that holds a NaN."""
    order = np.argsort(values, axis=-1, kind="stable")
    ordered, places = np.take_along_axis(values, order, axis=-1), np.arange(values.shape[-1])
    differs = ordered[..., 1:] != ordered[..., :-1]
    edge = np.ones((*values.shape[:-1], min(values.shape[-1], 1)), dtype=bool)
    starts, ends = np.concatenate([edge, differs], axis=-1), np.concatenate([differs, edge], axis=-1)
    first = np.maximum.accumulate(np.where(starts, places, 0), axis=-1)
    last = np.minimum.accumulate(np.where(ends, places, len(places))[..., ::-1], axis=-1)[..., ::-1]
    ranks = np.empty(values.shape)
    np.put_along_axis(ranks, order, (first + last) / 2 + 1, axis=-1)
    return np.where(np.isnan(values).any(axis=-1, keepdims=True), np.nan, ranks)
