"""From a story to captions, and from captions back to facts."""
