"""Ground tools: whole files and folders, processes that share work, and time spent by part."""
