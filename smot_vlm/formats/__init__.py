"""The text formats on disk, between bytes and plain values: MOT rows, captions, GraphML, the JSON Schema.

Nothing here knows the project's records; readers, writers and records all call these functions.
"""
