// The waiting page's script: asks where one stands as often as it is told to, and counts down to an opening.
// It decides nothing: who never runs it loses no place, and who runs it faster gains none.
"use strict";

const page = document.querySelector("[data-ticket]");
const number = new Intl.NumberFormat(document.documentElement.lang);
const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]);
const put = (id, text) => {
  const place = document.getElementById(id);
  if (place && place.textContent !== text) place.textContent = text;
};

/** Seconds as people say them: hours and minutes, or, within the last two minutes of a countdown, seconds too. */
function duration(texts, seconds, precise) {
  const whole = Math.max(0, seconds);
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60)];
  const parts = [];
  if (hours) parts.push(fill(texts.hours, { n: number.format(hours) }));
  if (minutes || !(hours || precise)) parts.push(fill(texts.minutes, { n: minutes }));
  if (precise && whole < 120) parts.push(fill(texts.seconds, { n: whole % 60 }));
  return parts.join(" ");
}

// Countdowns: from the server's clock when it answered; this device's own clock is not asked.
const answered = performance.getEntriesByType("navigation")[0]?.responseStart ?? 0;
for (const place of document.querySelectorAll("[data-opens-in]")) {
  const opensIn = Number(place.dataset.opensIn);
  const tick = () => {
    const left = Math.ceil(opensIn - (performance.now() - answered) / 1000);
    place.textContent = left > 0 ? duration(place.dataset, left, true) : place.dataset.opened;
    if (left > 0) setTimeout(tick, left < 125 ? 1000 : 15000);
  };
  tick();
}

if (page) {
  const texts = page.dataset;
  let [state, again, spoken] = [texts.state, Number(texts.again), performance.now()];

  const show = (told) => {
    const ahead = fill(told.ahead === 1 ? texts.person : texts.people, { n: number.format(told.ahead) });
    put("ahead", ahead);
    document.title = `(${number.format(told.ahead)}) ${texts.title}`;
    if (told.state !== "waiting") return;
    put("behind", fill(told.behind === 1 ? texts.person : texts.people, { n: number.format(told.behind) }));
    const all = told.ahead + told.behind;
    document.getElementById("me")?.setAttribute("d", `M${94 - (88 * told.ahead) / Math.max(1, all)} 6h0`);
    let when = texts.notYet;
    if (told.wait) {
      const [from, to] = [told.wait.from_secs, told.wait.to_secs];
      const up = Math.ceil(to / 60) * 60;
      const range = { a: duration(texts, from), b: duration(texts, up) };
      when = fill(from < 60 ? texts.within : texts.range, range);
    } else if (told.at_least_secs >= 60) {
      when = fill(texts.atLeast, { a: duration(texts, told.at_least_secs) });
    }
    put("when", when);
    // Spoken at most once a minute, so that a screen reader is not talked over.
    if (performance.now() - spoken > 60000) {
      spoken = performance.now();
      put("say", `${texts.aheadLabel} ${ahead}. ${when}`);
    }
  };

  const ask = async () => {
    try {
      const heard = await fetch("/api/v1/line", { headers: { "Charye-Ticket": texts.ticket }, cache: "no-store" });
      if (heard.ok) {
        const told = await heard.json();
        again = told.ask_again_ms;
        document.getElementById("offline").hidden = true;
        if ((told.paused ?? told.state) !== state) {
          // Everybody hears of it at once: the pages are fetched over three seconds.
          setTimeout(() => location.reload(), Math.random() * 3000);
          return;
        }
        if (told.ahead !== undefined && !told.paused) show(told);
      } else {
        again = 1000 * (Number(heard.headers.get("Retry-After")) || 10) * (1 + Math.random());
      }
    } catch {
      document.getElementById("offline").hidden = false;
      again = Math.min(60000, again * 2) * (0.75 + Math.random() / 4);
    }
    setTimeout(ask, again);
  };
  if (again > 0) setTimeout(ask, again);

  // Who comes back to the page after a while sees how it is now, not how it was.
  let left = performance.now();
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) left = performance.now();
    else if (performance.now() - left > 600000) location.reload();
  });
}
