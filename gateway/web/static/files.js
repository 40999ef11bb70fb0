/* Files into a dossier: what is dropped anywhere on its page, or pasted, is put into the form, and its sender says what it is.
   Without this file the form does the same. */
(() => {
  "use strict";
  const form = document.getElementById("files");
  if (!form) return;
  const said = document.getElementById("said"), most = Number(form.dataset.most);
  const field = form.querySelector("[type=file]"), chosen = document.getElementById("chosen"), note = document.getElementById("note");
  const kept = "note " + location.pathname;
  let busy = false, depth = 0;
  const say = (words, bad) => { said.textContent = words; said.classList.toggle("warn", Boolean(bad)); };
  const sum = (files) => files.reduce((all, one) => all + one.size, 0);
  const show = () => {
    const files = [...field.files];
    chosen.replaceChildren(...files.map((one) => {
      const li = document.createElement("li"), name = document.createElement("bdi");
      name.textContent = one.name;
      li.append(name);
      if (one.type.startsWith("image/") && one.size < most) {
        const picture = document.createElement("img"), reader = new FileReader();
        picture.alt = "";
        reader.addEventListener("load", () => { picture.src = reader.result; });
        reader.readAsDataURL(one);
        li.prepend(picture);
      }
      return li;
    }));
    if (sum(files) > most) say(form.dataset.large, true); else say(files.length ? form.dataset.ready : "");
  };
  const put = (files) => {
    if (busy) return;
    const all = new DataTransfer();
    for (const one of [...field.files, ...files]) all.items.add(one);
    field.files = all.files;
    show();
    form.scrollIntoView({ block: "nearest" });
    form.querySelector("#kind").focus();
  };
  const send = (files) => {
    if (busy || !files.length) return;
    if (sum(files) > most) { say(form.dataset.large, true); return; }
    const request = new XMLHttpRequest(), body = new FormData(form);
    request.open("POST", form.action);
    request.upload.addEventListener("progress", (e) => say(form.dataset.sending + ": " + Math.round(100 * e.loaded / e.total) + " %"));
    request.addEventListener("load", () => {
      busy = false;
      if (request.status < 400) {
        if (note?.value) sessionStorage.setItem(kept, note.value);  // the page comes anew; a note that is half written stays
        location.assign(request.responseURL || location.href);
        return;
      }
      const page = new DOMParser().parseFromString(request.responseText, "text/html");
      say(page.querySelector("main p:not(.code)")?.textContent.trim() || document.body.dataset.failed, true);
    });
    request.addEventListener("error", () => { busy = false; say(document.body.dataset.broken, true); });
    busy = true;
    say(form.dataset.sending);
    request.send(body);
  };
  if (note && !note.value) note.value = sessionStorage.getItem(kept) ?? "";
  sessionStorage.removeItem(kept);
  field.addEventListener("change", show);
  form.addEventListener("submit", (e) => {
    const files = [...field.files];
    if (files.length) { e.preventDefault(); send(files); }
  });
  const carries = (e) => e.dataTransfer && [...e.dataTransfer.types].includes("Files");
  addEventListener("dragenter", (e) => { if (carries(e)) { depth++; document.body.classList.add("dropping"); } });
  addEventListener("dragleave", (e) => { if (carries(e) && --depth <= 0) { depth = 0; document.body.classList.remove("dropping"); } });
  addEventListener("dragover", (e) => { if (carries(e)) e.preventDefault(); });
  addEventListener("drop", (e) => {
    if (!carries(e)) return;
    e.preventDefault(); depth = 0;
    document.body.classList.remove("dropping");
    put([...e.dataTransfer.files]);
  });
  addEventListener("paste", (e) => {
    const pictures = [...(e.clipboardData?.files ?? [])].filter((one) => one.type.startsWith("image/"));
    const words = e.clipboardData?.getData("text/plain") && e.target.matches?.("input, textarea");  // a spreadsheet gives both
    if (!pictures.length || words) return;
    e.preventDefault();
    put(pictures);
  });
})();
