"""Who does what with whom and when."""
