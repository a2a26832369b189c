"""Figures of the train-test study."""
