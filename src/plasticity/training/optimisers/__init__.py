"""Optimisers: what a training does with its gradients, one file each."""
