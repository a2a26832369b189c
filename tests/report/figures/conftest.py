"""Studies and saved figures for the tests in this folder."""

from figure_fixtures import agents, many, permuted, saved, study, style, train_test

__all__ = ["agents", "many", "permuted", "saved", "study", "style", "train_test"]
