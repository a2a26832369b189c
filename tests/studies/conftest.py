"""Studies for the tests in this folder."""

from figure_fixtures import permuted, study, style, train_test

__all__ = ["permuted", "study", "style", "train_test"]
