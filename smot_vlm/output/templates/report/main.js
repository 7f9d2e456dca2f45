// The page comes to life: what was written for reading becomes what can be used.

const now = {
  shown: "",

  // Who is in view, and what is told of each at this time.
  draw() {
    const rows = people
      .filter((person) => filters.shows(person) && person.isPresent(player.seconds))
      .map((person) => [person, (person.segmentAt(player.seconds) || { text: person.caption || "no caption" }).text]);
    const key = rows.map(([person, text]) => `${person.id} ${text}`).join("\n");
    if (key === this.shown) return;
    this.shown = key;
    byName("now-list").replaceChildren(
      ...rows.map(([person, text]) =>
        element("li", {}, chip(person), element("span", { className: person.words === "doubtful" ? "doubtful" : "", textContent: text })),
      ),
    );
  },
};

function drawTime() {
  byName("position").value = player.seconds;
  byName("position").setAttribute("aria-valuetext", timeText(player.seconds));
  byName("clock").textContent = `${timeText(player.seconds)} of ${timeText(data.length)}`;
  byName("play").textContent = player.playing ? "Pause" : "Play";
  overlay.draw();
  timeline.follow();
  now.draw();
}

function beginControls() {
  byName("position").max = data.length;
  byName("position").addEventListener("input", (event) => player.seek(Number(event.target.value)));
  byName("position").addEventListener("keydown", (event) => {
    const steps = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -10, PageUp: 10 };
    if (!(event.key in steps)) return;
    event.preventDefault();
    player.seek(player.seconds + steps[event.key]);
  });
  byName("play").addEventListener("click", () => player.toggle());
  for (const name of ["boxes", "names", "arrows"]) byName(`show-${name}`).addEventListener("change", () => overlay.draw());
  byName("speed").addEventListener("change", (event) => {
    if (video) video.playbackRate = Number(event.target.value);
  });
  byName("muted").addEventListener("change", (event) => {
    if (video) video.muted = event.target.checked;
  });
  byName("fullscreen").addEventListener("click", () => stage.requestFullscreen().catch(() => {}));
  byName("annotated-choice").hidden = !(data.videos.clean && data.videos.annotated);
  byName("annotated").addEventListener("change", (event) => player.use(event.target.checked ? "annotated" : "clean"));
  stage.addEventListener("click", (event) => {
    const place = stage.getBoundingClientRect();
    const person = overlay.personAt(event.clientX - place.left, event.clientY - place.top);
    if (person) selection.choose(person.id);
    else player.toggle();
  });
}

// Times and chips of the page become buttons.
function beginPage() {
  for (const time of document.querySelectorAll("[data-seek]")) {
    time.replaceChildren(seekButton(time.textContent, Number(time.dataset.seek)));
  }
  for (const place of document.querySelectorAll("[data-open]")) {
    const id = Number(place.dataset.open);
    place.append(
      element("button", {
        type: "button",
        className: "link",
        textContent: "Show over time",
        "aria-label": `Show person ${id} over time`,
        onclick: () => selection.choose(id),
      }),
    );
  }
  for (const link of document.querySelectorAll("a[data-person]")) {
    link.addEventListener("click", (event) => {
      event.preventDefault();
      selection.choose(Number(link.dataset.person));
    });
  }
  for (const name of ["controls", "overlay", "now", "explore"]) byName(name).hidden = name !== "controls" && !people.length;
}

function redraw() {
  timeline.fit();
  timeline.draw();
  overlay.draw();
}

function refilter() {
  lanes.choose();
  timeline.name();
  redraw();
  now.draw();
}

beginPage();
lanes.choose();
timeline.begin();
timeline.name();
filters.listeners.push(refilter);
filters.begin();
beginControls();
player.onChange(drawTime);
timeline.fit();
player.begin();
new ResizeObserver(redraw).observe(lanes.scroller);
new ResizeObserver(redraw).observe(stage);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
// A hand for scripts of the reader's own.
window.smotReport = { data, people, player, overlay, lanes, timeline, filters, selection };
