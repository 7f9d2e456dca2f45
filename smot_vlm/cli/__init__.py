"""The `smot-vlm` command, one file a group of verbs. The only package that prints."""
