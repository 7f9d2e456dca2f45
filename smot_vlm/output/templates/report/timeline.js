// The timeline: drawn only where it is seen, whatever the video's length.

const timeline = {
  canvas: byName("timeline"),
  labels: byName("labels"),

  colour: (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim(),

  // Fit the ground to what is shown; the canvas is as large as the part that is seen.
  fit() {
    const ground = byName("ground");
    ground.style.width = `${lanes.width}px`;
    ground.style.height = `${lanes.height}px`;
    const density = window.devicePixelRatio || 1;
    const [width, height] = [lanes.scroller.clientWidth, Math.min(lanes.scroller.clientHeight, lanes.height)];
    this.canvas.style.width = `${width}px`;
    this.canvas.style.height = `${height}px`;
    Object.assign(this.canvas, { width: Math.round(width * density), height: Math.round(height * density) });
    this.canvas.style.touchAction = lanes.zoom > 1 ? "pan-x pan-y" : "pan-y";
  },

  name() {
    this.labels.replaceChildren(
      ...lanes.rows.map((person, row) => {
        const button = chip(person, `Person #${person.id}: ${person.caption || "no caption"}`);
        button.style.top = `${lanes.y(row) + 5}px`;
        return button;
      }),
    );
  },

  draw() {
    const { scrollLeft, scrollTop } = lanes.scroller;
    const density = window.devicePixelRatio || 1;
    const pen = this.canvas.getContext("2d");
    const view = {
      width: this.canvas.width / density,
      height: this.canvas.height / density,
      from: lanes.seconds(scrollLeft + NAMES),
      to: lanes.seconds(scrollLeft + this.canvas.width / density),
      first: Math.max(Math.floor(scrollTop / LANE), 0),
      last: Math.min(Math.ceil((scrollTop + this.canvas.height / density) / LANE), lanes.rows.length),
    };
    this.labels.style.transform = `translateX(${scrollLeft + 4}px)`;
    this.labels.style.clipPath = `inset(${scrollTop + RULER}px -${NAMES}px 0 0)`;
    pen.setTransform(density, 0, 0, density, 0, 0);
    pen.fillStyle = this.colour("card");
    pen.fillRect(0, 0, view.width, view.height);
    pen.textBaseline = "middle";
    pen.textAlign = "left";
    pen.save();
    pen.translate(-scrollLeft, -scrollTop);
    this.drawDamage(pen, view, scrollTop);
    for (let row = view.first; row < view.last; row += 1) this.drawLane(pen, view, lanes.rows[row], row);
    arcs.draw(pen, view);
    pen.restore();
    pen.fillStyle = this.colour("card");
    pen.fillRect(0, RULER, NAMES, view.height);
    this.drawRuler(pen, view, scrollLeft);
    this.drawHead(pen, view, scrollLeft);
  },

  drawDamage(pen, view, scrollTop) {
    pen.fillStyle = this.colour("damage");
    for (const [from, to] of data.damage) {
      if (to < view.from || from > view.to) continue;
      pen.fillRect(lanes.x(from), scrollTop, Math.max((to - from) * lanes.scale, 3), view.height);
    }
    pen.strokeStyle = this.colour("cut");
    pen.lineWidth = 1.5;
    pen.setLineDash([5, 4]);
    for (const cut of data.cuts) {
      if (cut < view.from || cut > view.to) continue;
      pen.beginPath();
      pen.moveTo(lanes.x(cut), scrollTop);
      pen.lineTo(lanes.x(cut), scrollTop + view.height);
      pen.stroke();
    }
    pen.setLineDash([]);
  },

  drawLane(pen, view, person, row) {
    const top = lanes.y(row) + 5;
    const [colour, ink] = data.palette[person.colour];
    if (selection.person === person) {
      pen.fillStyle = this.colour("track");
      pen.fillRect(lanes.x(view.from), lanes.y(row), view.width, LANE);
    }
    pen.strokeStyle = this.colour("rule");
    pen.lineWidth = 1;
    pen.strokeRect(lanes.x(view.from), lanes.y(row + 1) - 0.5, view.width, 0);
    for (const [from, to] of person.spans) {
      if (to < view.from || from > view.to) continue;
      pen.globalAlpha = 0.35;
      pen.fillStyle = colour;
      pen.fillRect(lanes.x(from), top, Math.max((to - from) * lanes.scale, 2), 24);
      pen.globalAlpha = 1;
      if (!person.segments.length) this.drawWords(pen, view, person.caption, from, to, top, this.colour("ink"));
    }
    for (const one of person.segments) {
      if (one.to < view.from || one.from > view.to) continue;
      pen.fillStyle = colour;
      pen.beginPath();
      pen.roundRect(lanes.x(one.from) + 0.5, top + 2, Math.max((one.to - one.from) * lanes.scale - 1, 1.5), 20, 4);
      pen.fill();
      this.drawWords(pen, view, one.text, one.from, one.to, top, ink);
    }
  },

  // Words that stay readable where their segment begins before the part that is seen; the title has what is cut.
  drawWords(pen, view, text, from, to, top, ink) {
    const left = Math.max(lanes.x(from), lanes.x(view.from)) + 5;
    const room = Math.min(lanes.x(to), lanes.x(view.to)) - left - 4;
    if (room < 18 || !text) return;
    pen.font = "12px system-ui, sans-serif";
    pen.fillStyle = ink;
    let shown = text.slice(0, 400);
    if (pen.measureText(shown).width > room) {
      let [low, high] = [0, shown.length];
      while (low < high) {
        const middle = (low + high + 1) >> 1;
        if (pen.measureText(`${shown.slice(0, middle)}…`).width <= room) low = middle;
        else high = middle - 1;
      }
      if (low < 2) return;
      shown = `${shown.slice(0, low)}…`;
    }
    pen.fillText(shown, left, top + 12.5);
  },

  drawRuler(pen, view, scrollLeft) {
    pen.fillStyle = this.colour("track");
    pen.fillRect(0, 0, view.width, RULER);
    pen.fillStyle = this.colour("ink");
    pen.font = "12px system-ui, sans-serif";
    const step = lanes.step(70);
    for (let seconds = Math.ceil(view.from / step) * step; seconds <= view.to && seconds <= data.length + 1e-6; seconds += step) {
      const x = lanes.x(seconds) - scrollLeft;
      pen.fillRect(x, RULER - 6, 1, 6);
      if (x + pen.measureText(timeText(seconds)).width + 4 < view.width) pen.fillText(timeText(seconds), x + 4, RULER / 2);
    }
  },

  drawHead(pen, view, scrollLeft) {
    const x = lanes.x(player.seconds) - scrollLeft;
    if (x < NAMES - 1) return;
    pen.fillStyle = this.colour("accent");
    pen.fillRect(x - 1, 0, 2, view.height);
    pen.beginPath();
    pen.moveTo(x - 7, 0);
    pen.lineTo(x + 7, 0);
    pen.lineTo(x, 10);
    pen.fill();
  },

  // What lies under the pointer, in words.
  wordsAt(x, y) {
    const seconds = lanes.seconds(x + lanes.scroller.scrollLeft);
    const person = lanes.rows[Math.floor((y + lanes.scroller.scrollTop - RULER) / LANE)];
    if (y < RULER || !person) return timeText(Math.max(seconds, 0));
    const segment = person.segmentAt(seconds);
    return `#${person.id}, ${timeText(Math.max(seconds, 0))}: ${(segment && segment.text) || person.caption || "no caption"}`;
  },

  // While the video plays, a zoomed timeline goes along.
  follow() {
    const x = lanes.x(player.seconds) - lanes.scroller.scrollLeft;
    const width = lanes.scroller.clientWidth;
    if (player.playing && lanes.zoom > 1 && (x > width - 40 || x < NAMES)) {
      lanes.scroller.scrollLeft = lanes.x(player.seconds) - NAMES - 40;
    }
    this.draw();
  },

  begin() {
    const point = (event) => [event.offsetX, event.offsetY];
    const seek = (event) => player.seek(lanes.seconds(point(event)[0] + lanes.scroller.scrollLeft));
    this.canvas.addEventListener("pointerdown", (event) => {
      if (event.button || event.offsetX < NAMES - 4) return;
      if (event.pointerType !== "touch") this.canvas.setPointerCapture(event.pointerId);
      this.dragging = true;
      seek(event);
    });
    this.canvas.addEventListener("pointermove", (event) => {
      if (this.dragging) seek(event);
      else this.canvas.title = this.wordsAt(...point(event));
    });
    for (const name of ["pointerup", "pointercancel"]) {
      this.canvas.addEventListener(name, () => {
        this.dragging = false;
      });
    }
    this.canvas.addEventListener("dblclick", (event) => {
      const row = Math.floor((event.offsetY + lanes.scroller.scrollTop - RULER) / LANE);
      if (event.offsetY > RULER && lanes.rows[row]) selection.choose(lanes.rows[row].id);
    });
    lanes.scroller.addEventListener("scroll", () => this.draw());
    lanes.scroller.addEventListener("wheel", (event) => {
      if (!event.ctrlKey) return;
      event.preventDefault();
      lanes.zoomTo(lanes.zoom * (event.deltaY < 0 ? 1.25 : 0.8));
    }, { passive: false });
    lanes.scroller.addEventListener("keydown", (event) => {
      if (event.target !== lanes.scroller) return;
      const steps = { ArrowLeft: -1, ArrowRight: 1 };
      if (!(event.key in steps)) return;
      event.preventDefault();
      player.seek(player.seconds + steps[event.key]);
    });
    byName("zoom-in").addEventListener("click", () => lanes.zoomTo(lanes.zoom * 2));
    byName("zoom-out").addEventListener("click", () => lanes.zoomTo(lanes.zoom / 2));
  },
};
