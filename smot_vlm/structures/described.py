"""What tables and views need of a description, so that the description can offer them as its own methods."""

from typing import Protocol

from smot_vlm.structures.evidence import Clause, Passage
from smot_vlm.structures.records import Interaction, Trajectory, VideoInfo


class Described(Protocol):
    """A description as readers see it; see `Description`."""

    @property
    def video(self) -> VideoInfo:
        """What is known of the video."""
        ...

    @property
    def tracks(self) -> tuple[Trajectory, ...]:
        """The people."""
        ...

    @property
    def interactions(self) -> tuple[Interaction, ...]:
        """Between the people."""
        ...

    @property
    def clauses(self) -> tuple[Clause, ...]:
        """Of the video's caption."""
        ...

    @property
    def passages(self) -> tuple[Passage, ...]:
        """Captions of the stretches of a long video."""
        ...

    def track(self, track_id: int) -> Trajectory:
        """The trajectory of one person.

        Args:
            track_id: of the person.

        Returns:
            The trajectory.
        """
        ...
