// One person: her captions, interactions and pictures over time.

const selection = {
  person: null,

  choose(id) {
    this.person = personOf.get(id) || null;
    for (const card of document.querySelectorAll("[data-card]")) {
      card.classList.toggle("selected", Number(card.dataset.card) === id);
    }
    const detail = byName("detail");
    detail.hidden = !this.person;
    detail.replaceChildren(...(this.person ? this.content(this.person) : []));
    if (this.person) {
      byName("detail-title").focus({ preventScroll: true });
      detail.scrollIntoView({ block: "nearest" });
    }
    overlay.draw();
    timeline.draw();
  },

  content(person) {
    const close = element("button", { type: "button", textContent: "Close", onclick: () => this.choose(null) });
    const seen = person.spans.map(([from, to]) => seekButton(`${timeText(from)} to ${timeText(to)}`, from));
    return [
      element(
        "header",
        {},
        element("span", { className: `chip c${person.colour}`, textContent: `#${person.id}` }),
        element("h2", { id: "detail-title", tabIndex: -1, textContent: `Person ${person.id}` }),
        close,
      ),
      element("p", {
        className: person.words === "doubtful" ? "doubtful" : "",
        textContent:
          (person.caption || (person.words === "withheld" ? "Words are withheld." : "No caption was written.")) +
          (person.words === "doubtful" ? " (doubtful)" : ""),
      }),
      person.attributes.length
        ? element(
            "ul",
            { className: "attributes" },
            ...person.attributes.map(([name, value]) =>
              element("li", {}, element("span", { textContent: name.replaceAll("_", " ") }), ` ${value}`),
            ),
          )
        : null,
      ...this.list("In the video", seen.map((button) => element("li", {}, button))),
      ...this.list(
        "What is told, and when",
        person.segments.map((one) =>
          element("li", {}, seekButton(`${timeText(one.from)} to ${timeText(one.to)}`, one.from), ` ${one.text}`),
        ),
      ),
      ...this.list("Interactions", this.interactions(person)),
      ...this.pictures(person),
    ].filter(Boolean);
  },

  list(title, items) {
    return items.length ? [element("h3", { textContent: title }), element("ul", {}, ...items)] : [];
  },

  interactions(person) {
    return data.interactions
      .filter((edge) => edge.subject === person.id || edge.object === person.id)
      .map((edge) =>
        element(
          "li",
          {},
          chip(personOf.get(edge.subject)),
          ` → ${edge.word} → `,
          chip(personOf.get(edge.object)),
          ` ${edge.score.toFixed(2)} `,
          ...edge.spans.flatMap(([from, to]) => [seekButton(`${timeText(from)} to ${timeText(to)}`, from), " "]),
        ),
      );
  },

  pictures(person) {
    if (!person.moments.length) return [];
    const pictures = person.moments.map(([seconds, source]) =>
      element(
        "button",
        { type: "button", onclick: () => player.seek(seconds) },
        element("img", { src: source, alt: `Person ${person.id} at ` }),
        element("span", { textContent: timeText(seconds) }),
      ),
    );
    return [element("h3", { textContent: "Over time" }), element("div", { className: "moments" }, ...pictures)];
  },
};
