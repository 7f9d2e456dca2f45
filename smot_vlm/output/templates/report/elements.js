// Elements of the page, and times as text.

const byName = (name) => document.getElementById(name);

// Text is set as text, never read as HTML.
function element(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (name in made) made[name] = value;
    else made.setAttribute(name, value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

const padded = (number) => String(number).padStart(2, "0");

function timeText(seconds) {
  if (!data.timed) return `frame ${Math.round(seconds)}`;
  if (seconds < 59.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  return hours ? `${hours}:${padded(minutes)}:${padded(rest)}` : `${minutes}:${padded(rest)}`;
}

function chip(person, title) {
  return element("button", {
    type: "button",
    className: `chip c${person.colour}`,
    textContent: `#${person.id}`,
    "aria-label": title || `Person #${person.id}`,
    onclick: () => selection.choose(person.id),
  });
}

function seekButton(text, seconds) {
  return element("button", { type: "button", className: "time", textContent: text, onclick: () => player.seek(seconds) });
}
