"""What one laboratory tries out."""
