"""Places, camera and weather, and the tools that paint them."""
