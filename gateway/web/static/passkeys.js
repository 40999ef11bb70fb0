/* Passkeys: what the server asks for goes to the browser, and what the browser has signed goes back as a form. */
(() => {
  "use strict";
  if (!window.PublicKeyCredential || !window.isSecureContext) return;
  const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
  const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  const ask = async (url, form) => {
    const answer = await fetch(url, { method: "POST", body: new URLSearchParams(new FormData(form)) });
    if (answer.ok && answer.headers.get("content-type").startsWith("application/json")) return answer.json();
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    throw new Error(page.querySelector("main p:not(.code)")?.textContent.trim() || "");
  };
  const listed = (all) => (all ?? []).map((one) => ({ ...one, id: bytes(one.id) }));
  const made = (one) => {
    const said = { id: one.id, rawId: text(one.rawId), type: one.type, clientExtensionResults: one.getClientExtensionResults(), response: {} };
    for (const name of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"])
      if (one.response[name]) said.response[name] = text(one.response[name]);
    return JSON.stringify(said);
  };
  for (const form of document.querySelectorAll("form[data-passkey]")) {
    form.hidden = false;
    form.addEventListener("submit", async (e) => {
      e.preventDefault();
      const said = form.querySelector("[data-said]"), fresh = form.dataset.passkey === "new";
      said.textContent = "";
      try {
        const asked = await ask(form.action + "/ask", form), options = asked.options;
        options.challenge = bytes(options.challenge);
        if (fresh) {
          options.user.id = bytes(options.user.id);
          options.excludeCredentials = listed(options.excludeCredentials);
        } else options.allowCredentials = listed(options.allowCredentials);
        for (const field of asked.second ? document.querySelectorAll("[name=attempt]") : []) field.value = asked.second;
        const one = await (fresh ? navigator.credentials.create({ publicKey: options }) : navigator.credentials.get({ publicKey: options }));
        form.querySelector("[name=attempt]").value = asked.attempt;
        form.querySelector("[name=credential]").value = made(one);
        form.querySelector("[type=password]")?.removeAttribute("name");
        HTMLFormElement.prototype.submit.call(form);
      } catch (wrong) {
        said.textContent = wrong.name === "Error" && wrong.message ? wrong.message : said.dataset.said;
      }
    });
  }
})();
