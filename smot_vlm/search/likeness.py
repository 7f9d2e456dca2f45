"""Who looks like a person: nearness of the appearance network's embeddings."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float

from smot_vlm.appearance.crops import crop_people, pixels_of
from smot_vlm.models.people_folder import load_people
from smot_vlm.search.database import SearchDatabase, storable
from smot_vlm.search.entries import PERSON, Entry
from smot_vlm.search.pictures import looks_of
from smot_vlm.search.query import ANYTHING, Filters, condition_of
from smot_vlm.search.searcher import Hit
from smot_vlm.system.files import shipped_folder

# What all people share is taken away where so many are known.
_ENOUGH_FOR_MEAN = 8


def add_looks(database: SearchDatabase, progress: Callable[[int, int], None] | None = None) -> list[str]:
    """Look at the people of every video in the index at whom nobody has looked yet.

    Args:
        database: the index.
        progress: told how many of how many videos are done.

    Returns:
        A line for each video that cannot be looked at.
    """
    due = database.videos_without_looks()
    see = _open_network() if due else None
    flaws = []
    for number, video in enumerate(due, 1):
        try:
            assert see is not None
            database.put_looks(video.path, looks_of(video, see))
        except (OSError, ValueError) as error:
            flaws.append(str(error))
        if progress is not None:
            progress(number, len(due))
    return flaws


def who_looks_like(
    database: SearchDatabase, description: Path, person: int, filters: Filters = ANYTHING, limit: int = 10
) -> list[Hit]:
    """The people who look most like one, themselves left out.

    Args:
        database: the index, with looks.
        description: of the video with the person.
        person: track id.
        filters: what hits must fulfil.
        limit: most hits.

    Returns:
        Entries of people, most alike first; the score is the cosine.

    Raises:
        ValueError: nobody has looked at this person.
    """
    people, looks = database.looks()
    key = (storable(str(description.absolute())), person)
    if key not in people:
        raise ValueError(
            f"{description}: no look at person {person}; give a person of an indexed video that is still there"
        )
    if len(people) >= _ENOUGH_FOR_MEAN:
        looks = looks - looks.mean(axis=0)
    looks = looks / np.maximum(np.linalg.norm(looks, axis=1, keepdims=True), 1e-12)
    scores = looks @ looks[people.index(key)]
    order = [row for row in np.argsort(-scores, kind="stable").tolist() if people[row] != key]
    condition, values = condition_of(filters)
    allowed = set(database.matching(condition, values).tolist()) if condition else None
    videos = database.videos()
    hits: list[Hit] = []
    for row in order:
        path, other = people[row]
        number = database.person_entry(path, other)
        if allowed is not None and number not in allowed:
            continue
        entries = [entry for _, _, entry in database.read([] if number is None else [number])]
        hits.append(Hit(videos[path], entries[0] if entries else Entry(PERSON, "", (other,)), float(scores[row])))
        if len(hits) == limit:
            break
    return hits


def _open_network() -> Callable[[np.ndarray, np.ndarray], Float[np.ndarray, "people dim"]]:
    appearance = load_people(shipped_folder("assets") / "models" / "people")[0].appearance.eval()

    @torch.inference_mode()
    def see(image: np.ndarray, boxes: np.ndarray) -> np.ndarray:
        crops = pixels_of(crop_people(image, boxes))
        return np.asarray(appearance(crops)[0].numpy())

    return see
