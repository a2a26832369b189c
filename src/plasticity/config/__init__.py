"""The configuration: checked against its classes and itself before any work starts."""
