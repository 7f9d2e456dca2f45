"""The three kinds of model, how they are built from a configuration, and their checkpoints."""
