"""From a story to captions and facts."""
