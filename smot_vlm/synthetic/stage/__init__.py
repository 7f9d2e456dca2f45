"""Places, camera and degradation, and the tools that paint them."""
