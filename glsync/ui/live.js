// A part of a page that waits for changes. One socket a tab brings numbers, one for each topic; when a number is higher
// than the one the part was drawn at, the part asks for its fragment to be drawn again; so it does when it was drawn long
// ago, because times on it are told as "3 min ago". A tab that nobody sees asks for nothing.

const APART = 150; // ms between two asks: Streamlit draws one fragment only of those asked for in the same moment
const AGAIN = 3000; // ms after which an ask that was not heard is made again

const live = (window.glsyncLive ??= begin());

function begin() {
  const live = { versions: {}, parts: new Map(), drawn: new Map(), isOpen: false, next: 0 };
  live.look = () => live.parts.forEach((look) => look());
  document.addEventListener("visibilitychange", live.look);
  return live;
}

function connect({ path, polling }) {
  live.isBegun = true;
  let lookedAt = Date.now();
  const open = () => {
    const socket = new WebSocket(location.origin.replace(/^http/, "ws") + path);
    socket.onopen = () => { live.isOpen = true; };
    socket.onmessage = (message) => { live.versions = JSON.parse(message.data); live.look(); };
    socket.onclose = () => { live.isOpen = false; setTimeout(open, 2000); };
  };
  open();
  setInterval(() => {
    if (!live.isOpen && Date.now() - lookedAt < polling) return;
    lookedAt = Date.now();
    live.look();
  }, AGAIN);
}

export default function ({ data, key, setTriggerValue }) {
  if (!live.isBegun) connect(data);
  live.drawn.set(key, Date.now());
  let waiting = null;
  // without a socket nobody can say, so it may have changed
  const changed = () => data.topics.some((topic) => !live.isOpen || live.versions[topic] > data.seen[topic]);
  const old = () => Date.now() - live.drawn.get(key) > data.idle;
  const ask = () => { waiting = null; if (live.parts.get(key) === look) setTriggerValue("changed", true); };
  function look() {
    if (waiting || document.hidden || !(changed() || old())) return;
    const at = Math.max(Date.now(), live.drawn.get(key) + data.pace, live.next);
    live.next = at + APART;
    waiting = setTimeout(ask, at - Date.now());
  }
  live.parts.set(key, look);
  if (live.isOpen) look();
  return () => { if (live.parts.get(key) === look) live.parts.delete(key); };
}
