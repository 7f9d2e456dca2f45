"""Many videos: jobs, where their results lie, and the engines that describe them."""
