"""Tasks and sequences of tasks: which images, labels and pixel orders a network sees."""
