"""The tokenizer of a language model: loading, chat template, and a copy in a saved model to check at loading."""

from pathlib import Path

from jinja2 import TemplateError
from transformers import AutoTokenizer, PreTrainedTokenizerBase

from smot_vlm.formats.documents import reason
from smot_vlm.semantics.chat_sandbox import render_chat
from smot_vlm.semantics.converted_models import reading_model
from smot_vlm.semantics.thinking import NO_THINKING, close_thought

FOLDER = "tokenizer"


def load_tokenizer(folder: Path) -> PreTrainedTokenizerBase:
    """The tokenizer of a model's folder, with a padding token (its end token where it has none of its own).

    Args:
        folder: of a language model.

    Returns:
        The tokenizer.

    Raises:
        ValueError: there is none that can be read.
    """
    with reading_model(folder, "a tokenizer"):
        tokenizer = AutoTokenizer.from_pretrained(folder, trust_remote_code=False)
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token
    return tokenizer


def chat_text(tokenizer: PreTrainedTokenizerBase, prompt: str) -> str:
    """A prompt as the user's turn, up to where the assistant's answer starts, without a thought before it.

    Args:
        tokenizer: its chat template is used, if it has one.
        prompt: the user's text.

    Returns:
        The text of both.

    Raises:
        ValueError: the chat template is broken.
    """
    if not tokenizer.chat_template:
        return prompt + "\n"
    return user_turn(tokenizer, tokenizer.get_chat_template(), prompt)


def user_turn(tokenizer: PreTrainedTokenizerBase, template: str, content: str | list[dict[str, str]]) -> str:
    """The user's turn in a chat, up to where the assistant's answer starts, without a thought before it.

    Args:
        tokenizer: whose special tokens the template may use.
        template: of the chat.
        content: of the turn: text, or pictures and texts.

    Returns:
        The text.

    Raises:
        ValueError: the chat template is broken, or computes too much.
    """
    values = {**tokenizer.special_tokens_map, **NO_THINKING}
    try:
        chat = render_chat(template, [{"role": "user", "content": content}], **values)
    # Deep templates fail in the parser, in the compiler of Jinja or in that of Python.
    except (
        TemplateError,
        ArithmeticError,
        AttributeError,
        LookupError,
        TypeError,
        ValueError,
        RecursionError,
        SyntaxError,
    ) as error:
        raise ValueError(f"{tokenizer.name_or_path}: its chat template is broken ({reason(error)})") from None
    return close_thought(chat)


def save_tokenizer(tokenizer: PreTrainedTokenizerBase, folder: Path) -> None:
    """Write a tokenizer into the folder of a saved model.

    Args:
        tokenizer: the decoder's.
        folder: of the saved model.
    """
    tokenizer.save_pretrained(folder / FOLDER)


def check_tokenizer(used: PreTrainedTokenizerBase, folder: Path) -> None:
    """The tokenizer that was saved must be the one that the language model brings.

    Args:
        used: the decoder's.
        folder: of the saved model.

    Raises:
        FileNotFoundError: it is missing.
        ValueError: it cannot be read, or is another one: the language model has changed since.
    """
    folder = folder / FOLDER
    if not folder.is_dir():
        raise FileNotFoundError(f"{folder} is missing; the folder is incomplete, copy or download it again")
    try:
        saved = AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    except Exception as error:  # the tokenizers library raises bare Exceptions
        raise ValueError(
            f"{folder}: no tokenizer that can be read ({reason(error)}); copy or download it again"
        ) from None
    for what, ours, theirs in (
        ("words", saved.get_vocab(), used.get_vocab()),
        ("chat template", saved.chat_template, used.chat_template),
        ("end token", saved.eos_token, used.eos_token),
    ):
        if ours != theirs:
            raise ValueError(
                f"{folder}: its {what} differ from those of the language model, which has changed since this model was "
                "saved; or a file of the tokenizer is missing"
            )
