"""System utilities: atomic files and folders, distributed processes, timing."""
