"""The metrics that every checkpoint is measured by, each a function declared with `@metric`."""
