"""Any video as frames, one in memory at a time, and frames as a video."""
