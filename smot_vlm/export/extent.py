"""How many frames the video has, as annotation tools count them."""

from smot_vlm.structures import Description


def frame_count(description: Description) -> int:
    """The number of frames up to the last one that was read or has a box.

    Args:
        description: any; with a stride its frames have higher numbers than were read.

    Returns:
        The number.
    """
    return max([description.video.frames, *(int(track.frames[-1]) + 1 for track in description.tracks if len(track))])
