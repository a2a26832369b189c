"""Studies and saved figures for the tests in this folder."""

from figure_fixtures import agents, locomotion, many, permuted, saved, study, style, train_test

__all__ = ["agents", "locomotion", "many", "permuted", "saved", "study", "style", "train_test"]
