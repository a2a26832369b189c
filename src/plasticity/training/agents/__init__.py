"""Agents: those that learn by Q-learning, several seeds as one stack of networks, and those with a policy."""
