// The data of the page: people with their boxes over time.

const data = JSON.parse(byName("report-data").textContent);

// Reads numbers that Python packed with base64, little-endian.
function unpacked(text, Numbers) {
  const raw = atob(text);
  const bytes = new Uint8Array(raw.length);
  for (let place = 0; place < raw.length; place += 1) bytes[place] = raw.charCodeAt(place);
  return new Numbers(bytes.buffer);
}

// Boxes are read when a person is first drawn: of an hour with many people that takes a while.
class Person {
  constructor(row) {
    Object.assign(this, row);
    this.packed = row;
    this.searched = [
      row.caption,
      ...row.segments.map((one) => one.text),
      ...row.attributes.map((pair) => pair.join(" ")),
    ].join("\n").toLowerCase();
  }

  get track() {
    if (!this.read) {
      this.read = { times: unpacked(this.packed.times, Float32Array), boxes: unpacked(this.packed.boxes, Int16Array) };
    }
    return this.read;
  }

  isPresent(seconds) {
    return this.spans.some(([from, to]) => from - 0.02 <= seconds && seconds <= to + 0.1);
  }

  // Where the person is, as shares of the picture's sides; between two boxes on the straight line.
  boxAt(seconds) {
    if (!this.isPresent(seconds)) return null;
    const { times, boxes } = this.track;
    let [low, high] = [0, times.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (times[middle] <= seconds + 0.002) low = middle + 1;
      else high = middle;
    }
    const before = Math.max(low - 1, 0);
    const after = Math.min(before + 1, times.length - 1);
    const gap = times[after] - times[before];
    const part = gap > 0 && gap <= data.hold * data.stride ? Math.min(Math.max((seconds - times[before]) / gap, 0), 1) : 0;
    return [0, 1, 2, 3].map(
      (side) => (boxes[4 * before + side] * (1 - part) + boxes[4 * after + side] * part) / data.boxUnits,
    );
  }

  segmentAt(seconds) {
    return this.segments.find((one) => one.from <= seconds && seconds < one.to) || null;
  }
}

const people = data.people.map((row) => new Person(row));
const personOf = new Map(people.map((person) => [person.id, person]));
const happens = (edge, seconds) => !edge.spans.length || edge.spans.some(([from, to]) => from <= seconds && seconds <= to);
