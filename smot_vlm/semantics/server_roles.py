"""The three things that servers are asked: about people, about pairs, and for the video's caption; each may have its own model."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from smot_vlm.semantics.cost import Cost
from smot_vlm.semantics.prompts import Prompts
from smot_vlm.semantics.server_answers import (
    STRUCTURE_TOKENS,
    PersonAnswer,
    SeenVerb,
    example_of,
    pair_schema,
    person_schema,
    read_caption,
    read_pair,
    read_person,
)
from smot_vlm.semantics.server_model import Answer, ServerModel
from smot_vlm.semantics.server_questions import EncodedPicture, ServerQuestion, encode_pictures, without_soft_tokens
from smot_vlm.semantics.verb_shortlist import VerbWords
from smot_vlm.system.concurrency import concurrently
from smot_vlm.verbs import Verb

# Tokens of a few words on what one person does to another.
WORDS_TOKENS = 48


@dataclass(frozen=True, eq=False)
class Asked:
    """Somebody or a pair, as a server is asked about them.

    Attributes:
        about: in a message's words, such as "person 3".
        prompt: of a template.
        images: RGB uint8 (height, width, 3), in order of time.
    """

    about: str
    prompt: str
    images: tuple[np.ndarray, ...]


@dataclass(frozen=True, eq=False)
class Vocabulary:
    """The verbs that pairs are asked about.

    Attributes:
        words: all senses or phrases that can be reported.
        offered: the ones that every pair is asked to choose from; none: those that the model's own first words name.
        shortlist: most senses offered after first words.
    """

    words: VerbWords
    offered: tuple[Verb, ...] = ()
    shortlist: int = 16


class ServerRoles:
    """Asks servers, several questions at a time.

    Args:
        captions: describes people.
        verbs: says what one person does to another.
        summary: writes the video's caption.
        prompts: the templates.
        concurrency: most questions on their way.
        caption_tokens: most tokens of a caption.
    """

    def __init__(
        self,
        captions: ServerModel,
        verbs: ServerModel,
        summary: ServerModel,
        prompts: Prompts,
        *,
        concurrency: int,
        caption_tokens: int,
    ) -> None:
        self._captions, self._verbs, self._summary = captions, verbs, summary
        self._prompts = prompts
        self._concurrency = concurrency
        self._caption_tokens = caption_tokens

    @property
    def models(self) -> tuple[ServerModel, ...]:
        """Each once."""
        return tuple(dict.fromkeys((self._captions, self._verbs, self._summary)))

    @property
    def costs(self) -> list[Cost]:
        """What each model has cost so far."""
        return [model.cost for model in self.models]

    def people(self, asked: Sequence[Asked]) -> list[Answer[PersonAnswer]]:
        """Describe people.

        Args:
            asked: the people.

        Returns:
            One answer each.
        """
        return concurrently([partial(self._person, person) for person in asked], self._concurrency)

    def pairs(self, asked: Sequence[Asked], vocabulary: Vocabulary) -> list[Answer[tuple[SeenVerb, ...]]]:
        """Say what the first person of each pair does to the second.

        Args:
            asked: ordered pairs, with the question for first words as prompt.
            vocabulary: the verbs.

        Returns:
            One answer each.
        """
        return concurrently([partial(self._pair, pair, vocabulary) for pair in asked], self._concurrency)

    def summary(self, asked: Asked) -> Answer[str]:
        """Write the video's caption.

        Args:
            asked: with or without pictures.

        Returns:
            The answer.
        """
        pictures = encode_pictures(asked.images)
        question = ServerQuestion(asked.about, without_soft_tokens(asked.prompt), pictures, self._caption_tokens)
        return self._summary.ask(question, lambda text, _: read_caption(text))

    def _person(self, asked: Asked) -> Answer[PersonAnswer]:
        if not asked.images:
            return Answer(None, failure="they were never inside the picture")
        pictures = encode_pictures(asked.images)
        tokens = self._caption_tokens + STRUCTURE_TOKENS
        question = self._question(asked.about, asked.prompt, pictures, person_schema(), tokens)
        return self._captions.ask(question, read_person)

    def _pair(self, asked: Asked, vocabulary: Vocabulary) -> Answer[tuple[SeenVerb, ...]]:
        if not asked.images:
            return Answer(())
        pictures, offered = encode_pictures(asked.images), list(vocabulary.offered)
        if not offered:
            first = ServerQuestion(asked.about, without_soft_tokens(asked.prompt), pictures, WORDS_TOKENS)
            said = self._verbs.ask(first, lambda text, _: read_caption(text))
            if said.value is None:
                return Answer(None, failure=said.failure, may_come=said.may_come)
            offered = vocabulary.words.offered_for(said.value, vocabulary.shortlist)
            if not offered:
                return Answer(())
        prompt = self._prompts.fill("verb_choice", verbs=offered)
        question = self._question(asked.about, prompt, pictures, pair_schema(offered), STRUCTURE_TOKENS)
        return self._verbs.ask(question, lambda text, shown: read_pair(text, vocabulary.words, offered, shown))

    def _question(
        self, about: str, prompt: str, pictures: tuple[EncodedPicture, ...], schema: dict[str, Any], tokens: int
    ) -> ServerQuestion:
        """A question whose answer has a form, which the prompt shows too: servers without forms rely on it."""
        form = self._prompts.fill("form", form=json.dumps(example_of(schema), ensure_ascii=False))
        return ServerQuestion(about, f"{without_soft_tokens(prompt)}\n{form}", pictures, tokens, schema)
