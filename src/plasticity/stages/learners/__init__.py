"""Learners: networks on their way through a sequence of tasks, by the loop that can train them."""
