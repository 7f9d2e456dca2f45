"""Annotated videos: readers of data sets, checks, statistics, and clips for training.

`DATASETS` names every reader; each is called with (root, split) and is a sequence of `Sequence` records.
"""
