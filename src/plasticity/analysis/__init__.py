"""Statistics of finished tables."""
