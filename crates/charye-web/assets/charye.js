// Charye's one script. Every page works without it; it decides nothing.
"use strict";

// Counts the minutes of a hold down, politely: the region speaks once a minute, and not at all in between.
// The server's clock is the one that counts; this one only measures how long the page has been open.
for (const region of document.querySelectorAll("[data-minutes-left]")) {
  const opened = performance.now();
  const secondsAtFirst = Number(region.dataset.secondsLeft);
  let shown = Number(region.dataset.minutesLeft);
  const tick = () => {
    const seconds = secondsAtFirst - (performance.now() - opened) / 1000;
    // Two seconds of grace, so that the server agrees that the time is over.
    if (seconds <= -2) {
      location.reload();
      return;
    }
    const minutes = Math.ceil(seconds / 60);
    if (minutes < shown) {
      shown = minutes;
      region.textContent = region.dataset[minutes === 1 ? "one" : "other"].replace("#", String(minutes));
      if (minutes <= 2) {
        region.closest(".notice").classList.add("warn");
      }
    }
    setTimeout(tick, 1000);
  };
  if (Number.isFinite(secondsAtFirst)) {
    setTimeout(tick, 1000);
  }
}

// "Near me": asks the browser where it is, and the server which district that is in. Sent by POST, kept by nobody.
for (const form of document.querySelectorAll("form[data-near]")) {
  if (!navigator.geolocation) {
    continue;
  }
  form.hidden = false;
  let located = false;
  form.addEventListener("submit", (event) => {
    if (located) {
      return;
    }
    event.preventDefault();
    const status = form.querySelector("[role=status]");
    status.textContent = form.dataset.asking;
    const found = (position) => {
      form.elements.lat.value = position.coords.latitude.toFixed(3);
      form.elements.lon.value = position.coords.longitude.toFixed(3);
      located = true;
      form.submit();
    };
    const refused = () => {
      status.textContent = form.dataset.refused;
    };
    navigator.geolocation.getCurrentPosition(found, refused, { timeout: 10000, maximumAge: 600000 });
  });
}

// A form is sent once: a second press while the first is under way does nothing.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.method !== "post") {
    return;
  }
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  form.dataset.sent = "1";
});
addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) {
    delete form.dataset.sent;
  }
});

// A page that waits for somebody else looks again by itself: it is replaced where it says something new, and left where the
// answer leads on. Without script the browser does it.
const lookAgain = () => {
  const waiting = document.querySelector("[data-look]");
  if (!waiting) {
    return;
  }
  const look = async () => {
    try {
      const answer = await fetch(waiting.dataset.look, { credentials: "same-origin" });
      if (answer.redirected) {
        location.replace(answer.url);
        return;
      }
      const next = new DOMParser().parseFromString(await answer.text(), "text/html");
      const [shown, told] = [document.querySelector("main"), next.querySelector("main")];
      if (told && told.innerHTML !== shown.innerHTML) {
        document.title = next.title;
        shown.replaceWith(told);
        told.focus();
      }
    } catch {
      // The network is away: the next look may find it.
    }
    lookAgain();
  };
  setTimeout(look, Number(waiting.dataset.lookSecs) * 1000);
};
lookAgain();
