// Interactions as arcs from one lane of the timeline to another, at their spans.

const arcs = {
  MOST_LABELLED: 60,
  VERB_FONT: "bold 11px system-ui, sans-serif",

  draw(pen, view) {
    const seen = [];
    for (const edge of data.interactions) {
      const [from, to] = [lanes.rowOf.get(edge.subject), lanes.rowOf.get(edge.object)];
      if (from === undefined || to === undefined || !filters.showsEdge(edge)) continue;
      if (Math.max(from, to) < view.first || Math.min(from, to) > view.last) continue;
      for (const [start, end] of edge.spans) {
        if (end >= view.from && start <= view.to) seen.push({ edge, from, to, start, end });
      }
    }
    const labelled = seen.length <= this.MOST_LABELLED;
    const taken = [];
    pen.font = this.VERB_FONT;
    for (const arc of seen) {
      arc.label = labelled ? arc.edge.word : "";
      arc.bulge = Math.min(22 + Math.abs(arc.to - arc.from) * LANE * 0.15, 60);
      arc.width = arc.bulge * 0.75 + (labelled ? pen.measureText(arc.label).width + 16 : 4);
      arc.x = this.place(arc, view, taken);
      this.drawArc(pen, arc);
    }
    // Over all arcs, so that none crosses the words of another.
    for (const { label, x, bulge, from, to } of seen) {
      if (label) this.drawVerb(pen, label, x + bulge * 0.75 + 4, (lanes.y(from) + lanes.y(to)) / 2 + 17);
    }
  },

  // Several at the same time stand side by side, in their spans where there is room.
  place(arc, view, taken) {
    const [left, right] = [lanes.x(Math.max(arc.start, view.from)), lanes.x(Math.min(arc.end, view.to))];
    const middle = Math.min((left + right) / 2, lanes.x(view.to) - arc.width);
    const [top, bottom] = [Math.min(arc.from, arc.to), Math.max(arc.from, arc.to)];
    const steps = [0];
    for (let step = 14; step <= (right - left) / 2 && steps.length < 80; step += 14) steps.push(step, -step);
    const hits = (x) =>
      x + arc.width > lanes.x(view.to) ||
      taken.some((one) => x < one.right && one.left < x + arc.width && top <= one.bottom && one.top <= bottom);
    const x = middle + (steps.find((step) => !hits(middle + step)) || 0);
    taken.push({ left: x - 6, right: x + arc.width, top, bottom });
    return x;
  },

  drawArc(pen, { edge, from, to, start, end, label, bulge, x }) {
    const colour = data.palette[personOf.get(edge.subject).colour][0];
    const [begin, finish] = [lanes.y(from) + 17, lanes.y(to) + 17];
    // Among many the words of the lanes are to stay readable.
    const head = label ? 5 : 3;
    for (const [line, paint] of label ? [[4.5, timeline.colour("card")], [2, colour]] : [[1.5, colour]]) {
      pen.globalAlpha = label ? 1 : 0.6;
      pen.strokeStyle = pen.fillStyle = paint;
      pen.lineWidth = line;
      pen.beginPath();
      pen.moveTo(x, begin);
      pen.bezierCurveTo(x + bulge, begin, x + bulge, finish, x + 4, finish);
      pen.stroke();
      pen.beginPath();
      pen.arc(x, begin, line, 0, 7);
      pen.fill();
      pen.beginPath();
      pen.moveTo(x - 3, finish);
      pen.lineTo(x + 2 + head, finish - head);
      pen.lineTo(x + 2 + head, finish + head);
      pen.closePath();
      pen.stroke();
      pen.fill();
    }
    // The span itself, along both lanes.
    for (const y of [begin, finish]) {
      pen.fillRect(lanes.x(start), y + 12.5, Math.max((end - start) * lanes.scale, 2), 3);
    }
    pen.globalAlpha = 1;
  },

  drawVerb(pen, text, x, y) {
    pen.font = this.VERB_FONT;
    const width = pen.measureText(text).width + 8;
    pen.fillStyle = "#14181d";
    pen.beginPath();
    pen.roundRect(x, y - 8, width, 16, 4);
    pen.fill();
    pen.fillStyle = "#ffffff";
    pen.fillText(text, x + 4, y + 0.5);
  },
};
