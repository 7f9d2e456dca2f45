"""Prompt templates: what ships, and what is said of a broken one."""

import pytest

from smot_vlm.semantics.context import SceneContext
from smot_vlm.semantics.prompts import VISUAL, Prompts


@pytest.mark.parametrize("task", ["instance_caption", "video_caption"])
def test_shipped_prompts_place_the_soft_tokens_once(task):
    assert Prompts().render(task, context=SceneContext()).count(VISUAL) == 1


@pytest.mark.parametrize(
    ("template", "error", "words"),
    [
        ("Describe {{ visual }} and {{ visual }}", ValueError, "occurs 2 times"),
        ("Describe", ValueError, "occurs 0 times"),
        ("{{ visual }} {{ name }}", ValueError, "'name' is undefined"),
        ("{{ visual", ValueError, "caption.jinja"),
        (None, FileNotFoundError, "no prompt caption.jinja"),
    ],
)
def test_a_broken_template_is_told_in_one_line(tmp_path, template, error, words):
    if template is not None:
        (tmp_path / "caption.jinja").write_text(template)
    with pytest.raises(error, match=words):
        Prompts(tmp_path).render("caption")


def test_values_reach_the_template(tmp_path):
    (tmp_path / "caption.jinja").write_text("{{ visual }} with {{ names | join(', ') }}")
    assert Prompts(tmp_path).render("caption", names=["a", "b"]) == f"{VISUAL} with a, b"


@pytest.mark.parametrize("task", ["instance_caption", "video_caption"])
def test_prompts_for_pictures_ask_for_the_manner_of_bensmot(task):
    prompts, values = Prompts(prefix="vl_"), {"context": SceneContext(), "number": 7}
    plain = prompts.render(task, **values)
    assert "20 to 45 words" in plain
    assert "in order of time" in plain
    assert "clothes" in plain
    with_examples = prompts.render(task, examples=True, **values)
    assert with_examples.startswith(plain)
    assert "in this manner" in with_examples
    assert prompts.render(task, examples=False, **values) == plain


def test_a_person_has_a_number_where_others_have():
    prompts = Prompts(prefix="vl_")
    assert "Describe person 7 in" in prompts.render("instance_caption", number=7)
    assert "Describe this person in" in prompts.render("instance_caption")
    assert "number" not in prompts.render("instance_caption")
