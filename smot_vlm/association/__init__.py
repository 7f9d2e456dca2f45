"""From boxes to trajectories: the associators that link boxes over time, and where boxes come from."""
