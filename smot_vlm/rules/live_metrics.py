"""The numbers of a camera that is watched, for Prometheus."""

from smot_vlm.structures import Health, WordsHealth
from smot_vlm.system.metrics import Metric


def health_metrics(health: Health) -> list[Metric]:
    """Of the source.

    Args:
        health: as of now.

    Returns:
        A metric a number.
    """
    return [
        Metric("smot_vlm_connected", "1 while the source gives pictures.", health.connected),
        Metric("smot_vlm_frames_total", "Frames that came from the source.", health.frames),
        Metric("smot_vlm_dropped_frames_total", "Frames let go because describing fell behind.", health.dropped),
        Metric("smot_vlm_stalls_total", "How often no picture came in time.", health.stalls),
        Metric("smot_vlm_reconnects_total", "How often the source was opened again.", health.reconnects),
        Metric("smot_vlm_resizes_total", "How often pictures changed their size.", health.resizes),
        Metric("smot_vlm_clock_jumps_total", "How often timestamps were not believed.", health.clock_jumps),
        Metric("smot_vlm_lag_seconds", "How long the newest frame had waited.", health.lag_seconds),
        Metric("smot_vlm_source_fps", "Frames a second that came lately.", health.fps),
    ]


def words_metrics(words: WordsHealth, now: float) -> list[Metric]:
    """Of the words that are written beside it.

    Args:
        words: as of now.
        now: seconds of the newest frame.

    Returns:
        A metric a number; the age of words where there are any.
    """
    told = [
        Metric("smot_vlm_descriptions_total", "Descriptions that were written.", words.written),
        Metric("smot_vlm_replaced_descriptions_total", "Descriptions that gave way to newer ones.", words.replaced),
        Metric("smot_vlm_failed_descriptions_total", "Descriptions that could not be written.", words.failed),
        Metric("smot_vlm_sights_total", "Looks at the newest seconds.", words.sights),
        Metric("smot_vlm_replaced_sights_total", "Looks that gave way to newer ones.", words.sights_replaced),
        Metric("smot_vlm_failed_sights_total", "Looks that failed.", words.sights_failed),
    ]
    if words.seconds is not None:
        told.append(Metric("smot_vlm_words_age_seconds", "How old the newest words are.", now - words.seconds))
    return told
