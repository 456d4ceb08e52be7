// What the pages do better with script: times that run, rows that change by themselves, one key for undo.
// Without it every page works by forms alone.
"use strict";

(() => {
  const page = document.body.dataset;
  const byId = (id) => document.getElementById(id);

  // The server's clock, carried forward by the browser's.
  const loadedAt = Date.now();
  const navigation = performance.getEntriesByType("navigation")[0];
  const age = navigation ? Math.max(0, performance.now() - navigation.responseStart) : 0;
  const serverSeconds = () => Number(page.now) + (age + Date.now() - loadedAt) / 1000;

  // Times left. The rule is that of `coarsely` in speech.py: only seconds are rounded up.

  const relative = new Intl.RelativeTimeFormat(document.documentElement.lang, { numeric: "always" });
  const isCalm = matchMedia("(prefers-reduced-motion: reduce)");

  const ahead = (left) => {
    let seconds = Math.max(0, Math.ceil(left));
    if (isCalm.matches && seconds > 10) seconds -= seconds % 5;
    if (left < 120) return relative.format(seconds, "second");
    if (left < 7200) return relative.format(Math.floor(left / 60), "minute");
    if (left < 172800) return relative.format(Math.floor(left / 3600), "hour");
    return relative.format(Math.floor(left / 86400), "day");
  };

  const tick = () => {
    const now = serverSeconds();
    for (const element of document.querySelectorAll("time[data-due]")) {
      const said = ahead(Number(element.dataset.due) - now);
      if (element.textContent !== said) element.textContent = said;
    }
    for (const bar of document.querySelectorAll("progress[data-due]")) {
      const since = Number(bar.dataset.since);
      const whole = Number(bar.dataset.due) - since;
      bar.value = whole > 0 ? Math.min(1000, (1000 * (now - since)) / whole) : 1000;
    }
  };
  setInterval(tick, 1000);
  document.addEventListener("visibilitychange", tick);

  // Rows that change by themselves.

  const keepChoices = (before, after) => {
    const details = before.querySelector("details");
    if (details?.open && after.querySelector("details")) after.querySelector("details").open = true;
    for (const box of before.querySelectorAll("input[type=checkbox]:checked")) {
      const same = [...after.querySelectorAll("input[type=checkbox]")].find((each) => each.value === box.value);
      if (same) same.checked = true;
    }
    const select = after.querySelector("select");
    if (select && before.querySelector("select")) select.value = before.querySelector("select").value;
  };

  const sameControl = (row, control) => {
    const kind = "a, button, input, select, summary";
    const place = [...control.closest(".row").querySelectorAll(kind)].indexOf(control);
    return row.querySelectorAll(kind)[place] ?? row;
  };

  // What was chosen and focused in an element stays so in the one that takes its place.
  const put = (after, before) => {
    const control = before.contains(document.activeElement) ? document.activeElement : null;
    const row = control?.closest(".row");
    const successor = (old) => (old === before ? after : after.querySelector(`[id="${old.id}"]`));
    for (const old of [before, ...before.querySelectorAll(".row")]) {
      if (old.id !== "rows" && successor(old)) keepChoices(old, successor(old));
    }
    before.replaceWith(after);
    window.htmx?.process(after);
    const rowAgain = row && byId(row.id);
    if (rowAgain) (control === row ? rowAgain : sameControl(rowAgain, control)).focus({ preventScroll: true });
    tick();
  };

  const parse = (html) => new DOMParser().parseFromString(html, "text/html");

  const read = async (path) => {
    const headers = { "HX-Request": "true" };
    const response = await fetch(path, { headers, signal: AbortSignal.timeout(20000) });
    return parse(response.status === 200 ? await response.text() : "");
  };

  // One after the other, and again when something changed while it was read: what is older never stays.
  let refreshing = Promise.resolve();
  const waiting = new Set();
  const refresh = (what, work) => {
    if (waiting.has(what)) return;
    waiting.add(what);
    const begin = () => {
      waiting.delete(what);
      return work();
    };
    setTimeout(() => (refreshing = refreshing.then(begin).catch(() => {})), 80);
  };

  const refreshPart = async (id) => {
    const after = (await read(location.href)).getElementById(id);
    const before = byId(id);
    if (before?.querySelector(".htmx-request")) refresh(id, () => refreshPart(id));
    else if (before && after) put(after, before);
  };

  const refreshRow = async (id) => {
    const after = (await read(`/outbox/rows/${encodeURIComponent(id)}`)).querySelector(".row");
    const before = byId(`m-${id}`);
    if (before?.matches(".htmx-request, :has(.htmx-request)")) refresh(`m-${id}`, () => refreshRow(id));
    else if (before && after) put(after, before);
    else if (after && !location.search.includes("before=")) {
      byId("rows").prepend(after);
      byId("news").textContent = after.querySelector("h2").textContent;
      window.htmx?.process(after);
      tick();
    }
  };

  const refreshParts = (id) => {
    for (const part of document.querySelectorAll("[data-part]")) {
      if (!id || !part.dataset.part || part.dataset.part === id) refresh(part.id, () => refreshPart(part.id));
    }
  };

  const changed = (id) => {
    if (byId("rows") && id) refresh(`m-${id}`, () => refreshRow(id));
    refreshParts(id);
  };

  const refreshAll = () => {
    if (byId("rows")) refresh("rows", () => refreshPart("rows"));
    refreshParts("");
  };

  // The stream of what changed. While it is lost the page says that it may be stale.

  const listen = () => {
    const source = new EventSource(page.live);
    let grace;
    source.addEventListener("open", () => {
      clearTimeout(grace);
      if (byId("stale")) byId("stale").hidden = true;
    });
    // What changed since the page was made, and before the stream began, would be missed otherwise.
    source.addEventListener("ready", refreshAll);
    source.addEventListener("message", (event) => changed(JSON.parse(event.data).id ?? ""));
    source.addEventListener("error", () => {
      clearTimeout(grace);
      grace = setTimeout(() => byId("stale") && (byId("stale").hidden = false), 1500);
      if (source.readyState === EventSource.CLOSED) setTimeout(listen, 3000);
    });
    addEventListener("pagehide", () => source.close());
  };
  if (page.live) listen();

  // After a swap the focus stays where the person was.

  let focusedRow = null;
  document.addEventListener("htmx:beforeSwap", (event) => {
    const row = event.detail.target?.closest?.(".row");
    focusedRow = row?.contains(document.activeElement) ? row.id : null;
  });
  document.addEventListener("htmx:afterSwap", () => {
    if (focusedRow) byId(focusedRow)?.focus({ preventScroll: true });
    focusedRow = null;
    tick();
  });

  // Whether a request was carried out is not known when no answer came: the page must not look as if it was.
  document.addEventListener("htmx:sendError", (event) => {
    if (event.detail.requestConfig?.verb === "get") return;
    byId("answer")?.replaceChildren(byId("unanswered").content.cloneNode(true));
  });

  // `u` stops the newest message, and never an older one.

  const keysAreOff = () => localStorage.getItem("keys") === "off";
  document.addEventListener("keydown", (event) => {
    const isKey = event.key === "u" || event.key === "U" || (event.code === "KeyU" && !/^[a-z]$/i.test(event.key));
    if (!isKey || event.repeat || event.ctrlKey || event.altKey || event.metaKey || keysAreOff()) return;
    if (event.target.closest("input:not([type=checkbox]), textarea, select")) return;
    const newest = document.querySelector("#rows .row:not(.report)");
    if (!newest || newest.querySelector(".htmx-request")) return;
    (newest.querySelector(".undo") ?? newest).focus();
    newest.querySelector(".undo")?.click();
  });
  for (const hint of document.querySelectorAll(".keys")) hint.hidden = keysAreOff();
  const choice = byId("keys");
  if (choice) {
    choice.closest("[hidden]").hidden = false;
    choice.checked = !keysAreOff();
    choice.addEventListener("change", () => localStorage.setItem("keys", choice.checked ? "on" : "off"));
  }

  // The person's time zone, for the times that the server writes.
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (zone && !document.cookie.split("; ").includes(`zone=${zone}`)) {
    const secure = location.protocol === "https:" ? ";secure" : "";
    document.cookie = `zone=${zone};path=/;max-age=31536000;samesite=lax${secure}`;
  }
})();
