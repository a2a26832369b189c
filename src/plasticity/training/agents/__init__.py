"""Agents that learn by Q-learning: several seeds of one configuration train as one stack of networks."""
