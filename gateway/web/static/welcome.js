/* The code of an invitation stands behind the address's "#": into its field with it, and out of the address bar. */
(() => {
  "use strict";
  const field = document.getElementById("code");
  if (!field || location.hash.length < 2) return;
  field.value = decodeURIComponent(location.hash.slice(1));
  history.replaceState(null, "", location.pathname);
  document.getElementById("new").focus();
})();
