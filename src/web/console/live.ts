/** Where browsers find the one script. */
export const LIVE_PATH = "/live.js";

/**
 * The one script. It asks for marked parts of a page anew while somebody looks at it, and copies what is to be copied;
 * without it everything works, by reloading.
 *
 * A part is `<div id="x" data-part="x" data-every="5">`: asked for as the same page with `?part=x`, whose answer holds
 * elements with ids that take the place of those that are there. What has `data-say` is read out when that changes.
 */
export const LIVE = String.raw`"use strict";
(() => {
  const LONGEST = 120;
  const parts = [...document.querySelectorAll("[data-part]")];
  const spoken = document.getElementById("spoken");
  const toggle = document.getElementById("live");
  const timers = new Map();
  let paused = false;

  for (const button of document.querySelectorAll("[data-copy]")) {
    button.hidden = false;
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(button.dataset.copy);
      button.textContent = "Copied";
    });
  }
  if (parts.length === 0) return;

  const tell = (text) => { if (spoken !== null) spoken.textContent = text; };
  const saidIn = (root) => new Map([...root.querySelectorAll("[data-say]")].map((each) => [each.id, each.dataset.say]));

  function swap(fresh) {
    const old = document.getElementById(fresh.id);
    if (old === null || old.innerHTML === fresh.innerHTML) return [];
    const before = saidIn(old);
    const news = [...saidIn(fresh)].filter(([id, text]) => before.get(id) !== text);
    const focus = old.contains(document.activeElement) ? document.activeElement.id : "";
    old.replaceChildren(...document.importNode(fresh, true).childNodes);
    if (focus !== "") document.getElementById(focus)?.focus({ preventScroll: true });
    for (const [id] of news) document.getElementById(id)?.classList.add("changed");
    return news.map(([, text]) => text);
  }

  function stop(text) {
    paused = true;
    for (const timer of timers.values()) clearTimeout(timer);
    if (toggle !== null) toggle.textContent = "Reload";
    tell(text);
    const note = document.getElementById("live-note");
    if (note !== null) note.textContent = text;
  }

  async function ask(part) {
    const address = new URL(location.href);
    address.searchParams.set("part", part.dataset.part);
    const answer = await fetch(address, { redirect: "error", cache: "no-store" });
    if (answer.status === 401) return stop("You have been signed out here. Reload to sign in again.");
    if (answer.status === 403 || answer.status === 404) return stop("This can no longer be seen. Reload to see why.");
    if (!answer.ok) throw new Error(String(answer.status));
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    const news = [...fresh.body.children].flatMap((each) => swap(each));
    if (news.length > 0) tell(news.slice(0, 3).join(". "));
  }

  async function look(part, pause) {
    timers.delete(part);
    if (paused || document.hidden) return;
    let next = Number(part.dataset.every);
    try {
      await ask(part);
    } catch {
      next = Math.min(LONGEST, pause * 2);
    }
    if (!paused && !document.hidden) timers.set(part, setTimeout(() => look(part, next), next * 1000));
  }

  const later = (part) => {
    const every = Number(part.dataset.every);
    clearTimeout(timers.get(part));
    timers.set(part, setTimeout(() => look(part, every), every * 1000));
  };
  const now = () => {
    for (const part of parts) {
      clearTimeout(timers.get(part));
      look(part, Number(part.dataset.every));
    }
  };

  document.addEventListener("visibilitychange", () => {
    for (const timer of timers.values()) clearTimeout(timer);
    timers.clear();
    if (!document.hidden && !paused) now();
  });
  if (toggle !== null) {
    toggle.hidden = false;
    toggle.addEventListener("click", () => {
      if (toggle.textContent === "Reload") return location.reload();
      paused = !paused;
      toggle.textContent = paused ? "Follow again" : "Stop following";
      if (!paused) now();
    });
  }
  for (const part of parts) later(part);
})();
`;
