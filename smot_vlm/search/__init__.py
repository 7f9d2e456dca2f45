"""Search over described videos: people, what they do, pairs and whole videos, by meaning, words and filters."""
