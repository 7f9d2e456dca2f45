"""From frames to trajectories: detectors, the pyramid's features, and the associators that link boxes."""
