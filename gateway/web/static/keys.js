/* Keyboard, and suggestions in the search box. Everything works without this file; it only saves the mouse. */
(() => {
  "use strict";
  const $ = (id) => document.getElementById(id);
  const typing = (e) => /^(input|textarea|select)$/i.test(e.tagName) || e.isContentEditable;
  const rows = () => [...document.querySelectorAll(".row .subject, .item a.subject, .wait-row:not(.item) a.subject, .stop .subject")];
  const go = (step) => {
    const all = rows();
    if (!all.length) return;
    const at = all.indexOf(document.activeElement);
    const next = all[Math.min(all.length - 1, Math.max(0, at < 0 ? 0 : at + step))];
    next.focus();
    next.scrollIntoView({ block: "nearest" });
  };
  const pages = { s: "/", w: "/waiting", c: "/claims", o: "/outbox", r: "/review", h: "/capture", t: "/status" };
  /* On a board a key is a button of the row that has the focus, else of the first row; "z" is the undo above them, on every page. */
  const press = (key) => {
    const all = [...document.querySelectorAll("#board .item")];
    const row = document.activeElement?.closest("#board .item") ?? all[0];
    const field = row?.querySelector('[data-focus="' + CSS.escape(key) + '"]');
    const button = row?.querySelector('[data-key="' + CSS.escape(key) + '"]') ?? document.querySelector('.done [data-key="' + CSS.escape(key) + '"]');
    if (!field && !button) return false;
    row?.querySelector(".subject")?.focus();
    if (field) field.focus(); else button.click();
    return true;
  };
  const menu = document.querySelector(".menu"), shut = () => { if (menu?.open) { menu.open = false; return true; } };
  document.addEventListener("click", (e) => { if (!menu?.contains(e.target)) shut(); });
  /* A key that does nothing says so, and those that follow at once are not taken either: somebody types words, and means no act. */
  let first = "", deaf = 0;
  const refuse = (key) => {
    const said = $("trouble");
    deaf = Date.now() + 1000;
    if (said) { said.textContent = document.body.dataset.nokey.replace("{}", key); said.hidden = false; }
  };
  document.addEventListener("keydown", (e) => {
    if (e.ctrlKey || e.metaKey || e.altKey || e.isComposing) return;
    const sheet = $("keys");
    if (e.key === "Escape" && shut()) menu.firstElementChild.focus();
    if (typing(e.target)) {
      if (e.key === "Escape" && !e.defaultPrevented && e.target.id === "q") { e.target.blur(); go(0); }
      else if (e.key === "Escape" && e.target.dataset.focus) e.target.closest(".item")?.querySelector(".subject")?.focus();
      return;
    }
    const word = e.key.length === 1 && e.key !== " ", board = $("board");
    if (board && word && Date.now() < deaf) { e.preventDefault(); deaf = Date.now() + 1000; return; }
    if (first === "g") {
      first = ""; e.preventDefault();
      if (pages[e.key]) location.assign(pages[e.key]); else if (word) refuse("g " + e.key);
      return;
    }
    first = e.key;
    if (e.key === "?" && sheet) { e.preventDefault(); if (sheet.open) sheet.close(); else sheet.showModal(); }
    else if (sheet && sheet.open) return;
    else if (e.key === "/" && $("q")) { e.preventDefault(); $("q").focus(); $("q").select(); }
    else if (press(e.key)) { e.preventDefault(); if ($("trouble")) $("trouble").hidden = true; }
    else if (e.key === "j" || (e.key === "n" && board)) { e.preventDefault(); go(1); }
    else if (e.key === "n" && $("note")?.checkVisibility()) { e.preventDefault(); $("note").focus(); $("note").scrollIntoView({ block: "center" }); }
    else if (e.key === "k") { e.preventDefault(); go(-1); }
    else if (e.key === "u") { e.preventDefault(); history.back(); }
    else if (/^[1-4]$/.test(e.key)) { const tab = document.querySelectorAll(".tabs a")[e.key - 1]; if (tab) tab.click(); else if (board) refuse(e.key); }
    else if (board && word && e.key !== "g") { e.preventDefault(); refuse(e.key); }
  });

  /* A button that copies a text as it sends its form; the form goes its way, copied or not. */
  document.addEventListener("click", (e) => {
    const field = e.target.dataset?.copy && $(e.target.dataset.copy);
    if (!field) return;
    if (navigator.clipboard) navigator.clipboard.writeText(field.value).catch(() => {});
    else { field.select(); document.execCommand("copy"); }
  });

  const box = $("q"), list = $("suggested");
  if (!box || !list) return;
  let chosen = -1, asked = 0, timer = 0, pause = 0, looking = false, held = false, sure = false;
  const word = () => {
    const before = box.value.slice(0, box.selectionStart);
    return /(?:^|[\s(])(-?[^\s()"]*|-?\w+:"[^"]*)$/.exec(before)?.[1] ?? "";
  };
  const close = () => {
    list.hidden = true; list.replaceChildren(); chosen = -1;
    box.setAttribute("aria-expanded", "false"); box.removeAttribute("aria-activedescendant");
  };
  const mark = (n) => {
    const all = [...list.children];
    chosen = (n + all.length) % all.length;
    all.forEach((one, i) => one.setAttribute("aria-selected", String(i === chosen)));
    box.setAttribute("aria-activedescendant", all[chosen].id);
  };
  const take = (put) => {
    const at = box.selectionStart, begin = at - word().length;
    box.setRangeText(put, begin, at, "end");
    close(); box.focus();
    box.dispatchEvent(new Event("input", { bubbles: true }));
  };
  const show = (all) => {
    close();
    if (!all.length || document.activeElement !== box) return;
    all.forEach((one, i) => {
      const li = document.createElement("li"), put = document.createElement("code"), said = document.createElement("span");
      li.id = "suggested-" + i; li.setAttribute("role", "option"); li.setAttribute("aria-selected", "false");
      put.textContent = one.put.trim(); said.textContent = one.said;
      li.append(put, said);
      li.addEventListener("mousedown", (e) => { e.preventDefault(); take(one.put); });
      list.append(li);
    });
    list.hidden = false; box.setAttribute("aria-expanded", "true");
  };
  box.addEventListener("input", () => {
    clearTimeout(timer); clearTimeout(pause);
    const now = word(), mine = ++asked;
    sure = false; looking = Boolean(now);
    if (!now) { close(); return; }
    timer = setTimeout(async () => {
      try {
        const answer = await fetch("/suggest?word=" + encodeURIComponent(now), { headers: { accept: "application/json" } });
        if (answer.ok && !answer.redirected && mine === asked) show(await answer.json());
      } catch { close(); }
      if (mine !== asked) return;
      looking = false;
      if (held && list.hidden) pause = setTimeout(ask, /:$/.test(now) ? 1500 : 0);
    }, 120);
  });
  /* Half a word is no question yet: while something is suggested for it, what was found before stands, greyed; and so it does where
     the query cannot be read yet. Enter asks at once, and so does a pause in which nothing is suggested. */
  const hold = () => { held = true; $("results")?.setAttribute("aria-busy", "true"); };
  const ask = () => { clearTimeout(pause); if (held) { held = false; sure = true; htmx.trigger(box, "search"); } };
  document.addEventListener("htmx:confirm", (e) => {
    if (e.target !== box) return;
    held = false;
    const bare = /^-?\w+:$/.test(word());
    if (sure || !(looking || bare || !list.hidden)) return;
    e.preventDefault(); hold();
    if (bare && list.hidden && !looking) pause = setTimeout(ask, 1500);
  });
  document.addEventListener("htmx:beforeSwap", (e) => {
    if (sure || e.detail.requestConfig?.elt !== box || !e.detail.serverResponse.includes('<pre class="caret">')) return;
    e.detail.shouldSwap = false; hold();
    pause = setTimeout(ask, 1500);
  });
  box.addEventListener("blur", () => { close(); if (held) pause = setTimeout(ask, 400); });
  box.addEventListener("keydown", (e) => {
    if (list.hidden) return;
    if (e.key === "ArrowDown") { e.preventDefault(); mark(chosen + 1); }
    else if (e.key === "ArrowUp") { e.preventDefault(); mark(chosen < 0 ? -1 : chosen - 1); }
    else if (e.key === "Escape") { e.preventDefault(); close(); ask(); }
    else if ((e.key === "Enter" || e.key === "Tab") && chosen >= 0) {
      e.preventDefault(); take(list.children[chosen].firstChild.textContent + (list.children[chosen].firstChild.textContent.endsWith(":") ? "" : " "));
    } else if (e.key === "Enter") close();
  });
})();
