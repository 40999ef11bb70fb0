/* What is new, on pages that stay open: counts beside the boards and in the title, clocks that go on, boards that come anew.
   One tab listens for all of them where the browser can agree on one; every page can be read without this file. */
(() => {
  "use strict";
  const body = document.body, bare = document.title.replace(/^\(\d+\) /, "");
  const skew = body.dataset.now ? Date.parse(body.dataset.now) - Date.now() : 0;
  const units = body.dataset.units.split(" "), fill = (words, what) => words.replace("{}", what);
  const span = (s) => {
    const parts = [s / 86400, s % 86400 / 3600, s % 3600 / 60, s % 60].map((n, i) => [Math.floor(n), units[i]]);
    const first = parts.findIndex(([n]) => n);
    return parts.slice(first < 0 ? 3 : first).slice(0, 2).filter(([n]) => n).map(([n, unit]) => n + " " + unit).join(" ") || "0 " + units[3];
  };
  const tick = () => {
    for (const one of document.querySelectorAll(".countdown[data-due]")) {
      const left = (Date.parse(one.dataset.due) - Date.now() - skew) / 1000, late = left < 0;
      one.textContent = late ? fill(body.dataset.overdue, span(-left)) : fill(body.dataset.left, span(left));
      one.classList.toggle("bad", late);
      one.classList.toggle("wait", !late && left < 43200);
    }
  };
  setInterval(tick, 20000);

  let at = Number(body.dataset.at ?? -1), shown = 0, timer = 0;
  const anew = () => { timer = 0; shown = Date.now(); body.dispatchEvent(new CustomEvent("pulse")); };
  const take = (counts) => {
    for (const one of document.querySelectorAll("[data-count]")) {
      const n = counts[one.dataset.count];
      one.textContent = n; one.hidden = !n;
    }
    const waits = counts.waiting + counts.claims;
    document.title = (waits ? "(" + waits + ") " : "") + bare;
    const fresh = document.getElementById("fresh"), more = counts.mail - Number(body.dataset.mail ?? counts.mail);
    if (fresh && more > 0) {
      fresh.hidden = false;
      fresh.firstElementChild.textContent = fill(more === 1 ? body.dataset.one : body.dataset.many, more);
    }
    if (counts.at === at) return;
    at = counts.at;
    if (!timer) timer = setTimeout(anew, Math.max(300, 5000 - (Date.now() - shown)));  // a stream of mail is one change
  };

  let source = null;
  const shared = "BroadcastChannel" in window ? new BroadcastChannel("docket-pulse") : null;
  if (shared) shared.onmessage = (e) => take(e.data);
  const listen = () => {
    source = new EventSource("/live");
    source.addEventListener("pulse", (e) => {
      const counts = JSON.parse(e.data);
      take(counts);
      if (shared) shared.postMessage(counts);
    });
  };
  if (navigator.locks && shared) navigator.locks.request("docket-pulse", () => new Promise(listen)).catch(() => {});
  else {
    const look = () => {
      if (document.hidden && source) { source.close(); source = null; } else if (!document.hidden && !source) listen();
    };
    document.addEventListener("visibilitychange", look);
    look();
  }
  addEventListener("pagehide", () => source?.close());

  /* Boards that come anew: nobody is interrupted who types, and the row that had the focus, or the one in its place, has it again. */
  let row = -1, id = "";
  const rows = () => [...document.querySelectorAll("#board .item")];
  document.addEventListener("htmx:beforeRequest", (e) => {
    const board = document.getElementById("board");
    if (e.target !== board) {
      if (board?.contains(e.target)) htmx.trigger(board, "htmx:abort");  // what was being fetched is older than this act
      return;
    }
    const typing = /^(input|textarea|select)$/i.test(document.activeElement?.tagName ?? "");
    if (typing || document.querySelector("dialog[open]") || board.querySelector("form.htmx-request")) e.preventDefault();
  });
  document.addEventListener("htmx:beforeSwap", (e) => {
    if (e.detail.target?.id !== "board") return;
    const own = document.activeElement?.closest("#board .item");
    row = own ? rows().indexOf(own) : -1; id = own?.id ?? "";
  });
  document.addEventListener("htmx:afterSwap", () => {  // at once: a key that comes now is for the row that is meant
    tick();
    if (row < 0) return;
    const all = rows(), next = (id && document.getElementById(id)) || all[Math.min(row, all.length - 1)];
    row = -1;
    if (next) next.querySelector(".subject")?.focus();
    else document.querySelector("#board h1")?.focus();
  });
  const trouble = (words) => {
    const said = document.getElementById("trouble");
    if (said) { said.textContent = words; said.hidden = false; said.scrollIntoView({ block: "nearest" }); }
  };
  document.addEventListener("htmx:responseError", (e) => {
    const page = new DOMParser().parseFromString(e.detail.xhr.responseText, "text/html");
    trouble(page.querySelector("main p:not(.code)")?.textContent.trim() || body.dataset.failed);
  });
  document.addEventListener("htmx:sendError", (e) => { if (e.target.id !== "board") trouble(body.dataset.broken); });
})();
