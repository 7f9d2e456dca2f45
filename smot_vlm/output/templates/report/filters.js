// Which people and interactions are shown.

const filters = {
  word: "",
  person: null,
  verb: "",
  listeners: [],
  kept: new Set(people),

  shows(person) {
    return this.kept.has(person);
  },

  showsEdge(edge) {
    const [subject, object] = [personOf.get(edge.subject), personOf.get(edge.object)];
    if (this.verb && edge.word !== this.verb) return false;
    if (this.person && this.person !== subject && this.person !== object) return false;
    if (!this.word) return true;
    return edge.word.toLowerCase().includes(this.word) || [subject, object].some((one) => one.searched.includes(this.word));
  },

  read() {
    this.word = byName("filter-word").value.trim().toLowerCase();
    this.person = personOf.get(Number(byName("filter-person").value)) || null;
    this.verb = byName("filter-verb").value;
    this.apply();
  },

  apply() {
    const edges = data.interactions.filter((edge) => this.showsEdge(edge));
    const partners = new Set(edges.flatMap((edge) => [personOf.get(edge.subject), personOf.get(edge.object)]));
    this.kept = new Set(
      people.filter((person) => {
        if (this.verb && !partners.has(person)) return false;
        if (this.person && person !== this.person && !partners.has(person)) return false;
        return !this.word || person.searched.includes(this.word) || partners.has(person);
      }),
    );
    for (const card of document.querySelectorAll("[data-card]")) {
      card.hidden = !this.kept.has(personOf.get(Number(card.dataset.card)));
    }
    for (const row of document.querySelectorAll("[data-edge]")) {
      row.hidden = !this.showsEdge(data.interactions[Number(row.dataset.edge)]);
    }
    const narrowed = this.word || this.person || this.verb;
    byName("filter-note").textContent = narrowed
      ? `${this.kept.size} of ${people.length} people, ${edges.length} of ${data.interactions.length} interactions`
      : "";
    for (const listener of this.listeners) listener();
  },

  begin() {
    const form = byName("filters");
    form.addEventListener("input", () => this.read());
    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("reset", () => setTimeout(() => this.read(), 0));
  },
};
