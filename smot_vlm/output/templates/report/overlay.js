// Boxes, names and arrows on the video.

const MOST_ARROWS = 12;

const overlay = {
  canvas: byName("overlay"),
  tags: [], // what was written last, for the reader's pointer and for tests
  boxes: [],

  wants: (name) => byName(`show-${name}`).checked,

  // Where the picture lies in the stage, which may be wider or higher.
  area() {
    const [width, height] = [stage.clientWidth, stage.clientHeight];
    const scale = Math.min(width / Math.max(data.width, 1), height / Math.max(data.height, 1));
    const [shownWidth, shownHeight] = [data.width * scale, data.height * scale];
    return { left: (width - shownWidth) / 2, top: (height - shownHeight) / 2, width: shownWidth, height: shownHeight };
  },

  draw() {
    const density = window.devicePixelRatio || 1;
    const [width, height] = [Math.round(stage.clientWidth * density), Math.round(stage.clientHeight * density)];
    if (this.canvas.width !== width || this.canvas.height !== height) Object.assign(this.canvas, { width, height });
    const pen = this.canvas.getContext("2d");
    pen.setTransform(1, 0, 0, 1, 0, 0);
    pen.clearRect(0, 0, width, height);
    this.tags = [];
    this.boxes = [];
    // The annotated video has its own boxes, and so has the key frame, which is shown at first where there is no video.
    if (player.mode === "annotated" || (player.mode === "none" && byName("key-frame") && !player.began)) return;
    const area = this.area();
    pen.setTransform(density, 0, 0, density, area.left * density, area.top * density);
    if (player.mode === "none") {
      pen.fillStyle = "#14181d";
      pen.fillRect(0, 0, area.width, area.height);
    }
    this.boxes = people
      .filter((person) => filters.shows(person))
      .map((person) => ({ person, share: person.boxAt(player.seconds) }))
      .filter(({ share }) => share && share[2] > 0 && share[3] > 0 && share[0] < 1 && share[1] < 1)
      .map(({ person, share: [x1, y1, x2, y2] }) => ({
        person,
        box: [x1 * area.width, y1 * area.height, x2 * area.width, y2 * area.height],
      }));
    const size = Math.min(Math.max(Math.min(area.width, area.height) / 30, 11), 22);
    if (selection.person) this.drawTrail(pen, selection.person, area);
    if (this.wants("boxes")) for (const one of this.boxes) this.drawBox(pen, one, size);
    const places = new Places(area.width, area.height, this.boxes.map(({ box }) => box));
    const arrows = this.wants("arrows") ? this.arrows(size) : [];
    for (const arrow of arrows) this.drawArrow(pen, arrow, size);
    if (this.wants("names")) for (const one of this.boxes) this.drawName(pen, one, size, places);
    for (const arrow of arrows) this.drawVerb(pen, arrow, size, places, area);
  },

  drawBox(pen, { person, box: [x1, y1, x2, y2] }, size) {
    const chosen = selection.person === person;
    for (const [line, colour] of [[size / 5 + 2, "#14181d"], [size / (chosen ? 3 : 6), data.palette[person.colour][0]]]) {
      pen.lineWidth = line;
      pen.strokeStyle = colour;
      pen.strokeRect(x1, y1, x2 - x1, y2 - y1);
    }
  },

  // Where the chosen person's feet went in the last five seconds.
  drawTrail(pen, person, area) {
    pen.beginPath();
    let drawing = false;
    for (let back = 5; back >= 0; back -= 0.1) {
      const share = person.boxAt(player.seconds - back);
      if (share) {
        const point = [((share[0] + share[2]) / 2) * area.width, share[3] * area.height];
        if (drawing) pen.lineTo(...point);
        else pen.moveTo(...point);
      }
      drawing = Boolean(share);
    }
    pen.lineWidth = 3;
    pen.strokeStyle = data.palette[person.colour][0];
    pen.stroke();
  },

  arrows(size) {
    const boxOf = new Map(this.boxes.map(({ person, box }) => [person.id, box]));
    const pairs = new Map();
    for (const edge of data.interactions) {
      if (!boxOf.has(edge.subject) || !boxOf.has(edge.object)) continue;
      if (!happens(edge, player.seconds) || !filters.showsEdge(edge)) continue;
      const pair = `${edge.subject} ${edge.object}`;
      if (!pairs.has(pair)) pairs.set(pair, []);
      pairs.get(pair).push(edge);
    }
    return [...pairs.values()]
      .map((edges) => edges.sort((a, b) => b.score - a.score))
      .sort((a, b) => b[0].score - a[0].score)
      .slice(0, MOST_ARROWS)
      .map((edges) => ({
        subject: personOf.get(edges[0].subject),
        label: [...new Set(edges.map((edge) => edge.word))].slice(0, 3).join(", "),
        curve: this.curve(boxOf.get(edges[0].subject), boxOf.get(edges[0].object), size / 3),
      }));
  },

  // A bent line from the middle of one box to that of another, a little to its left: there and back run side by side.
  curve(from, to, apart) {
    const middle = ([x1, y1, x2, y2]) => [(x1 + x2) / 2, (y1 + y2) / 2];
    const [[startX, startY], [endX, endY]] = [middle(from), middle(to)];
    const [side, length] = [[endY - startY, startX - endX], Math.hypot(endX - startX, endY - startY) || 1];
    const shift = side.map((part) => (part * apart) / length);
    const bend = [0, 1].map((axis) => (axis ? startY + endY : startX + endX) / 2 + shift[axis] * 2 + 0.16 * side[axis]);
    return Array.from({ length: 25 }, (_, place) => {
      const t = place / 24;
      return [0, 1].map((axis) => {
        const [a, b] = axis ? [startY, endY] : [startX, endX];
        return (1 - t) ** 2 * (a + shift[axis]) + 2 * t * (1 - t) * bend[axis] + t ** 2 * (b + shift[axis]);
      });
    });
  },

  drawArrow(pen, { subject, curve }, size) {
    const [tip, before] = [curve[24], curve[20]];
    const turn = Math.atan2(tip[1] - before[1], tip[0] - before[0]);
    const head = Math.min(size * 0.8, Math.hypot(tip[0] - curve[0][0], tip[1] - curve[0][1]));
    for (const [line, colour] of [[size / 6 + 2, "#14181d"], [size / 6, data.palette[subject.colour][0]]]) {
      pen.lineWidth = line;
      pen.strokeStyle = pen.fillStyle = colour;
      pen.beginPath();
      for (const point of curve.slice(0, 23)) pen.lineTo(...point);
      pen.stroke();
      pen.beginPath();
      for (const [along, across] of [[0, 0], [-head, head / 2], [-head, -head / 2]]) {
        pen.lineTo(
          tip[0] + along * Math.cos(turn) - across * Math.sin(turn),
          tip[1] + along * Math.sin(turn) + across * Math.cos(turn),
        );
      }
      pen.closePath();
      pen.stroke();
      pen.fill();
    }
  },

  drawName(pen, { person, box }, size, places) {
    const [colour, ink] = data.palette[person.colour];
    const text = `#${person.id}`;
    pen.font = `bold ${size}px system-ui, sans-serif`;
    const [width, height] = [pen.measureText(text).width + size * 0.6, size * 1.4];
    this.write(pen, text, places.find(width, height, aroundFeet(box, width, height)), width, height, colour, ink);
  },

  drawVerb(pen, { subject, label, curve }, size, places, area) {
    pen.font = `${size * 0.9}px system-ui, sans-serif`;
    const [width, height] = [Math.min(pen.measureText(label).width + size * 0.6, area.width), size * 1.4];
    const anywhere = () => nearestFirst(area.width, area.height, curve[12], width, height);
    const place = places.find(width, height, alongCurve(curve, width, height), anywhere);
    this.write(pen, label, place, width, height, "#14181d", "#ffffff");
    pen.fillStyle = data.palette[subject.colour][0];
    pen.fillRect(place.left + 2, place.top + height - 2, width - 4, 2);
  },

  write(pen, text, { left, top }, width, height, colour, ink) {
    pen.fillStyle = colour;
    pen.beginPath();
    pen.roundRect(left, top, width, height, height / 5);
    pen.fill();
    pen.fillStyle = ink;
    pen.textAlign = "center";
    pen.textBaseline = "middle";
    pen.fillText(text, left + width / 2, top + height / 2, width);
    this.tags.push({ text, box: [left, top, left + width, top + height] });
  },

  // The person under a point of the stage, the smallest box first.
  personAt(x, y) {
    const area = this.area();
    const [left, top] = [x - area.left, y - area.top];
    const under = this.boxes
      .filter(({ box: [x1, y1, x2, y2] }) => x1 <= left && left <= x2 && y1 <= top && top <= y2)
      .sort((a, b) => (a.box[2] - a.box[0]) * (a.box[3] - a.box[1]) - (b.box[2] - b.box[0]) * (b.box[3] - b.box[1]));
    return under.length ? under[0].person : null;
  },
};
