"""What annotations may leave open, so that what is not annotated may be there all the same."""

# Other people than those with boxes, other interactions than those listed, captions.
BOXES, INTERACTIONS, CAPTIONS = UNKNOWN = ("boxes", "interactions", "captions")
