"""Train and test collapse: variances of every layer, and transfer to a next task."""
