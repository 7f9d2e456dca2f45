// The time of the page: that of the video where one plays, else a clock of its own.

const video = byName("video");
const stage = byName("stage");

const player = {
  seconds: 0,
  playing: false,
  began: false, // until then, without a video, the key frame is shown, with boxes of its own
  mode: "none", // clean, annotated, or none: boxes alone
  listeners: [],
  cleanSource: video && data.videos.clean ? video.getAttribute("src") : "",

  onChange(listener) {
    this.listeners.push(listener);
  },

  tell() {
    for (const listener of this.listeners) listener();
  },

  // A video whose frames have no known times is stretched over the numbers of its frames.
  get rate() {
    return data.timed || !video || !(video.duration > 0) ? 1 : data.length / video.duration;
  },

  get start() {
    return this.mode === "clean" ? data.videos.start : 0;
  },

  take(videoSeconds) {
    this.seconds = Math.min(Math.max((videoSeconds - this.start) * this.rate, 0), data.length);
    this.tell();
  },

  seek(seconds) {
    this.began = true;
    this.seconds = Math.min(Math.max(seconds, 0), data.length);
    // Between the times of two frames, so that rounding does not show the one before.
    if (this.mode !== "none") video.currentTime = this.seconds / this.rate + this.start + 0.001;
    this.tell();
  },

  toggle() {
    this.began = true;
    if (this.mode === "none") {
      this.playing = !this.playing;
      if (this.playing && this.seconds >= data.length) this.seconds = 0;
      this.last = performance.now();
      if (this.playing) requestAnimationFrame((now) => this.run(now));
      this.tell();
    } else if (video.paused) {
      video.play().catch(() => {});
    } else {
      video.pause();
    }
  },

  run(now) {
    if (!this.playing || this.mode !== "none") return;
    this.seconds = Math.min(this.seconds + ((now - this.last) / 1000) * Number(byName("speed").value), data.length);
    this.last = now;
    if (this.seconds >= data.length) this.playing = false;
    this.tell();
    if (this.playing) requestAnimationFrame((next) => this.run(next));
  },

  use(mode) {
    const [seconds, playing] = [this.seconds, this.playing];
    this.mode = mode;
    if (mode !== "none") {
      const source = mode === "clean" ? this.cleanSource : data.videos.annotated;
      if (video.getAttribute("src") !== source) video.src = source;
      video.playbackRate = Number(byName("speed").value);
      if (seconds > 0) video.currentTime = seconds / this.rate + this.start + 0.001;
      if (playing) video.play().catch(() => {});
    }
    if (video) video.hidden = mode === "none";
    for (const name of ["boxes", "names", "arrows"]) byName(`show-${name}`).disabled = mode === "annotated";
    const picture = byName("key-frame");
    if (picture) picture.hidden = mode !== "none";
    stage.style.aspectRatio = mode === "none" && !picture ? `${data.width || 16} / ${data.height || 9}` : "";
    this.tell();
  },

  // A video that was moved away, or that this browser does not play.
  fail() {
    const note = byName("video-note");
    if (this.mode === "clean" && data.videos.annotated) {
      note.textContent = "The video itself is not beside this page any more; here is the annotated one.";
      byName("annotated").checked = true;
      byName("annotated").disabled = true;
      this.use("annotated");
    } else if (this.mode !== "none") {
      note.textContent = "The video is not beside this page; boxes are drawn alone.";
      this.playing = false;
      this.use("none");
    }
  },

  begin() {
    if (!video) return this.use("none");
    video.controls = false;
    video.addEventListener("error", () => this.fail());
    for (const name of ["play", "pause", "ended"]) {
      video.addEventListener(name, () => {
        this.playing = !video.paused && !video.ended;
        this.tell();
      });
    }
    for (const name of ["timeupdate", "seeked"]) video.addEventListener(name, () => this.take(video.currentTime));
    if (video.requestVideoFrameCallback) {
      const shown = (now, frame) => {
        if (!video.seeking) this.take(frame.mediaTime);
        video.requestVideoFrameCallback(shown);
      };
      video.requestVideoFrameCallback(shown);
    }
    this.use(this.cleanSource ? "clean" : "annotated");
    if (video.error) this.fail();
    return undefined;
  },
};
