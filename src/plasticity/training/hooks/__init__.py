"""Step hooks: what acts on a network between two steps, one file each."""
