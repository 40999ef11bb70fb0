/* Files into a dossier: dropped anywhere on its page, or a picture that is pasted. Without this file the form does the same. */
(() => {
  "use strict";
  const form = document.getElementById("files");
  if (!form) return;
  const said = document.getElementById("said"), most = Number(form.dataset.most);
  let busy = false, depth = 0;
  const say = (words, bad) => { said.textContent = words; said.classList.toggle("warn", Boolean(bad)); };
  const send = (files) => {
    if (busy || !files.length) return;
    const size = files.reduce((sum, one) => sum + one.size, 0);
    if (size > most) { say(form.dataset.large, true); return; }
    const fields = new FormData(form), body = new FormData();
    for (const name of ["csrf", "kind", "text"]) body.append(name, fields.get(name) ?? "");
    for (const one of files) body.append("file", one, one.name || "pasted.png");
    const request = new XMLHttpRequest();
    request.open("POST", form.action);
    request.upload.addEventListener("progress", (e) => say(form.dataset.sending + ": " + Math.round(100 * e.loaded / e.total) + " %"));
    request.addEventListener("load", () => {
      busy = false;
      if (request.status < 400) { location.assign(request.responseURL || location.href); return; }
      const page = new DOMParser().parseFromString(request.responseText, "text/html");
      say(page.querySelector("main p:not(.code)")?.textContent.trim() || document.body.dataset.failed, true);
    });
    request.addEventListener("error", () => { busy = false; say(document.body.dataset.broken, true); });
    busy = true;
    say(form.dataset.sending);
    request.send(body);
  };
  form.addEventListener("submit", (e) => {
    const files = [...form.querySelector("[type=file]").files];
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
    form.scrollIntoView({ block: "nearest" });
    send([...e.dataTransfer.files]);
  });
  addEventListener("paste", (e) => {
    const pictures = [...(e.clipboardData?.files ?? [])].filter((one) => one.type.startsWith("image/"));
    if (!pictures.length) return;
    e.preventDefault();
    form.scrollIntoView({ block: "nearest" });
    send(pictures);
  });
})();
