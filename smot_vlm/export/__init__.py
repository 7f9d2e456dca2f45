"""Ways out of a description: subtitles, tables and the files of annotation tools; a file a format, and FORMATS."""
