// Where things lie in the timeline: times across, a lane for each person that is shown down.

const RULER = 26;
const LANE = 34;
const NAMES = 58;
const END = 10;

const lanes = {
  scroller: byName("lanes"),
  zoom: 1,
  rows: people,
  rowOf: new Map(),

  get scale() {
    return (Math.max(this.scroller.clientWidth - NAMES - END, 50) / data.length) * this.zoom;
  },

  x(seconds) {
    return NAMES + seconds * this.scale;
  },

  seconds(x) {
    return (x - NAMES) / this.scale;
  },

  y(row) {
    return RULER + row * LANE;
  },

  get width() {
    return this.x(data.length) + END;
  },

  get height() {
    return this.y(this.rows.length) + 6;
  },

  // Two hundred pixels a second are the closest look, or four times the whole of a short video.
  get closest() {
    return Math.max(4, (200 * data.length) / Math.max(this.scroller.clientWidth - NAMES - END, 50));
  },

  // Zoom so that the present time stays where it is.
  zoomTo(zoom) {
    const kept = this.x(player.seconds) - this.scroller.scrollLeft;
    this.zoom = Math.min(Math.max(zoom, 1), this.closest);
    timeline.fit();
    this.scroller.scrollLeft = this.x(player.seconds) - kept;
    timeline.draw();
  },

  choose() {
    this.rows = people.filter((person) => filters.shows(person));
    this.rowOf = new Map(this.rows.map((person, row) => [person.id, row]));
  },

  // A round distance between two times of the ruler, at least so many pixels.
  step(pixels) {
    const steps = [0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200];
    return steps.find((step) => step * this.scale >= pixels) || steps[steps.length - 1];
  },
};
