"""From the configuration to a ServedModel."""

import json
import os
from collections.abc import Callable, Sequence
from dataclasses import asdict

from smot_vlm.config import Config, ServerConfig
from smot_vlm.detection.detector import Detector
from smot_vlm.fusion.pictures import PictureMemory
from smot_vlm.models.served import ServedModel
from smot_vlm.semantics.answer_cache import AnswerCache
from smot_vlm.semantics.generation import Decoding
from smot_vlm.semantics.prompts import Prompts
from smot_vlm.semantics.server_address import FORM, SCHEME, ServerAddress, read_address
from smot_vlm.semantics.server_connection import ServerConnection
from smot_vlm.semantics.server_model import ServerModel
from smot_vlm.semantics.server_roles import ServerRoles, Vocabulary
from smot_vlm.semantics.verb_shortlist import VerbWords
from smot_vlm.system.files import cache_folder
from smot_vlm.verbs import VERBS, verb


def build_served(
    config: Config,
    prompts: Prompts,
    open_detector: Callable[[], Detector],
    open_pictures: Callable[[], PictureMemory],
) -> ServedModel:
    """Combine a pretrained detector with models behind servers. No server is asked yet.

    Args:
        config: its decoder and interaction sections are read.
        prompts: the templates.
        open_detector: opens the detector when it is first needed.
        open_pictures: makes the memory of pictures of a video.

    Returns:
        The model.

    Raises:
        ValueError: no address, a wrong one, or an unknown verb.
        ImportError: the package that talks to servers is not installed.
    """
    decoder, server, interaction = config.decoder, config.decoder.server, config.interaction
    captions, verbs, summary = role_addresses(server)
    decoding = Decoding(**asdict(decoder.generation))
    if decoding.num_beams > 1:
        raise ValueError(f"decoder.generation.num_beams is {decoding.num_beams}; servers take 1")
    if decoding.connectives:
        raise ValueError("decoder.generation.connectives go with lora-lm; servers take none")
    if decoding.compile:
        raise ValueError("decoder.generation.compile goes with lora-lm; servers take false")
    cache = AnswerCache(cache_folder("server-answers"), server.cache_megabytes * 2**20)
    # One model each, however many roles it has.
    models = {address: _model(address, server, decoding, cache) for address in {captions, verbs, summary}}
    roles = ServerRoles(
        models[captions],
        models[verbs],
        models[summary],
        prompts,
        concurrency=server.concurrency,
        caption_tokens=decoder.max_new_tokens,
    )
    offered = tuple(verb(label) for label in server.shortlist)
    return ServedModel(
        open_detector,
        roles,
        Vocabulary(VerbWords(VERBS), offered, interaction.shortlist),
        prompts,
        open_pictures,
        threshold=interaction.threshold,
        examples=decoder.examples,
        summary_pictures=server.summary_pictures,
    )


def served_by(decoder: str, model: str, overrides: Sequence[str]) -> tuple[str, list[str]]:
    """The model and the settings that a server on the command line stands for.

    Args:
        decoder: openai:URL[#MODEL], or openai:#MODEL of the server in OPENAI_BASE_URL.
        model: the model that was asked for; "server" takes the place of the default, which has words of its own.
        overrides: of the configuration; they come last.

    Returns:
        The name of a model, and overrides.

    Raises:
        ValueError: another kind of decoder.
    """
    if not decoder.startswith(SCHEME):
        raise ValueError(f"decoder is {decoder!r}; it takes {FORM}")
    address = ["decoder.name=server", f"decoder.server.address={json.dumps(decoder)}"]
    return "server" if model in ("demo", "auto") else model, [*address, *overrides]


def role_addresses(server: ServerConfig) -> tuple[ServerAddress, ServerAddress, ServerAddress]:
    """Whom to ask about people, about pairs, and for the video's caption.

    Args:
        server: its section of the configuration.

    Returns:
        One address each; the same where no role has its own.

    Raises:
        ValueError: no address, or a wrong one.
    """
    environment = os.environ.get("OPENAI_BASE_URL")
    default = read_address(environment) if environment else None
    main = read_address(server.address or "", default)
    captions, verbs, summary = (
        read_address(role, main) if role else main for role in (server.captions, server.verbs, server.summary)
    )
    return captions, verbs, summary


def _model(address: ServerAddress, server: ServerConfig, decoding: Decoding, cache: AnswerCache) -> ServerModel:
    connection = ServerConnection(address, timeout=server.timeout_seconds, retries=server.retries)
    return ServerModel(
        connection,
        cache,
        decoding=decoding,
        picture_tokens=server.picture_tokens,
        reuse_pictures=server.reuse_pictures,
    )
