"""Where a video is damaged: spans of seconds, noted while its pictures come.

Only what the container or the decoder tells can be noted. A transport stream counts its packets, and the decoders of
MPEG-2, MPEG-4 and FLV1 mark each picture that they patched. Those of H.264, HEVC and VP9 patch a picture whose bytes are
wrong without a mark (FFmpeg tells it to its log alone), and FLV, MP4, AVI and Matroska as FFmpeg reads it check no bytes:
there damage shows where a packet is cut, refused by the decoder or missing at the end, and a few wrong bytes within a
picture do not show. FFmpeg's readers of FLV and Matroska also go on behind broken bytes without a word: a picture that is
lost in the middle of such a file leaves only a gap in its times, as a variable frame rate does.
"""


class Damage:
    """Spans in which pictures are damaged or missing.

    Pictures are predicted from earlier ones, so damage lasts until the next intact key frame.
    """

    def __init__(self) -> None:
        self._spans: list[tuple[float, float]] = []
        self._start: float | None = None
        self._latest = 0.0

    @property
    def is_open(self) -> bool:
        """Whether damage was begun and has not ended."""
        return self._start is not None

    @property
    def spans(self) -> tuple[tuple[float, float], ...]:
        """(start, end) in seconds, ascending and apart from each other; up to the latest picture."""
        if self._start is None:
            return tuple(self._spans)
        return (*self._spans, (self._start, max(self._latest, self._start)))

    @property
    def seconds(self) -> float:
        """How long all spans are together."""
        return sum(end - start for start, end in self.spans)

    def begin(self, start: float, end: float) -> None:
        """Note a damaged picture; the damage goes on until `end`.

        Args:
            start: seconds of the first damaged or missing picture.
            end: seconds at which the damaged picture ends.
        """
        if self._start is None:
            self._start = start
        self._latest = max(self._latest, end)

    def pass_picture(self, end: float) -> None:
        """Note a picture that is intact itself but may be predicted from a damaged one.

        Args:
            end: seconds at which it ends.
        """
        if self._start is not None:
            self._latest = max(self._latest, end)

    def finish(self, seconds: float) -> None:
        """Note an intact key frame: damage that was begun ends here.

        Args:
            seconds: when the key frame is shown.
        """
        if self._start is None:
            return
        start, self._start = self._start, None
        if self._spans and start <= self._spans[-1][1]:
            start = self._spans.pop()[0]
        self._spans.append((start, max(seconds, start)))

    def add(self, start: float, end: float) -> None:
        """Note a span that is complete.

        Args:
            start: seconds.
            end: seconds.
        """
        self.begin(start, end)
        self.finish(end)

    def drop_before(self, seconds: float) -> None:
        """Let go of spans that ended long ago, which a source without end would fill the memory with.

        Args:
            seconds: the first one that stays known.
        """
        while self._spans and self._spans[0][1] < seconds:
            del self._spans[0]

    def summary(self) -> str:
        """One phrase for a message; empty where nothing is damaged."""
        spans = self.spans
        if not spans:
            return ""
        places = "1 place" if len(spans) == 1 else f"{len(spans)} places"
        return f"damaged in {places}, {self.seconds:.2f} seconds in all, from second {spans[0][0]:.2f} on"
