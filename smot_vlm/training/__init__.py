"""Training end to end under Accelerate."""
