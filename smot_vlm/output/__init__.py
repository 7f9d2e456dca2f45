"""Everything drawn or written about a described video: annotated video, report, pictures, files."""
