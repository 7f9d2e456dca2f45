// Where text goes on a picture: inside it, on no face and on no other text, as near as it can to where it belongs.

// A face is in the top third of a person's box.
const FACE_SHARE = 1 / 3;

class Places {
  constructor(width, height, boxes) {
    Object.assign(this, { width, height });
    this.keptFree = boxes.map(([x1, y1, x2, y2]) => [x1, y1, x2, y1 + FACE_SHARE * (y2 - y1)]);
  }

  // The first of the places (left, top) that hide least; `elsewhere` gives more where each hides something.
  find(width, height, corners, elsewhere) {
    let best = this.best(width, height, corners);
    if (best.hidden > 0 && elsewhere) {
      const other = this.best(width, height, elsewhere());
      if (other.hidden < best.hidden) best = other;
    }
    this.keptFree.push([best.left, best.top, best.left + width, best.top + height]);
    return best;
  }

  best(width, height, corners) {
    let best = null;
    for (const [x, y] of corners) {
      const left = Math.min(Math.max(x, 0), Math.max(this.width - width, 0));
      const top = Math.min(Math.max(y, 0), Math.max(this.height - height, 0));
      let hidden = 0;
      for (const [x1, y1, x2, y2] of this.keptFree) {
        const across = Math.min(left + width, x2) - Math.max(left, x1);
        const down = Math.min(top + height, y2) - Math.max(top, y1);
        if (across > 0 && down > 0) hidden += across * down;
      }
      if (!best || hidden < best.hidden) best = { left, top, hidden };
      if (hidden === 0) break;
    }
    return best;
  }
}

function aroundFeet([x1, y1, x2, y2], width, height) {
  const columns = [x1, x2 - width, (x1 + x2 - width) / 2];
  const tall = y2 - y1;
  const rows = [y2 - height / 2, y2, y2 - height, y1 + 0.67 * tall, y1 + 0.45 * tall];
  const beside = [y2 - height, y1 + 0.5 * tall, y2, y1 - height];
  return [
    ...rows.flatMap((y) => columns.map((x) => [x, y])),
    ...beside.flatMap((y) => [[x1 - width, y], [x2, y]]),
    ...[1, 2].flatMap((step) => columns.map((x) => [x, y2 + step * height])),
  ];
}

function alongCurve(curve, width, height) {
  const middle = (curve.length - 1) / 2;
  const order = curve.map((_, place) => place).sort((a, b) => Math.abs(a - middle) - Math.abs(b - middle));
  const last = curve[curve.length - 1];
  const isShort = Math.hypot(last[0] - curve[0][0], last[1] - curve[0][1]) < 1.8 * width;
  const steps = isShort ? [-1.1, 1.1, -2.2, 2.2, 0] : [0, -1.1, 1.1, -2.2, 2.2];
  return steps.flatMap((step) =>
    order.map((place) => [curve[place][0] - width / 2, curve[place][1] - height / 2 + step * height]),
  );
}

function nearestFirst(pictureWidth, pictureHeight, centre, width, height) {
  const corners = [];
  for (let y = 0; y <= pictureHeight - height; y += Math.max(height / 2, 4)) {
    for (let x = 0; x <= pictureWidth - width; x += Math.max(width / 3, 4)) corners.push([x, y]);
  }
  const distance = ([x, y]) => Math.hypot(x + width / 2 - centre[0], y + height / 2 - centre[1]);
  return corners.length ? corners.sort((a, b) => distance(a) - distance(b)) : [[0, 0]];
}
