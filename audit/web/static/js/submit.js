/* A form is sent once. The button turns busy at once and keeps its words; a second tap is ignored.
   The request number in the form makes the server recognise what still arrives twice. */

function release(form) {
  delete form.dataset.sent;
  for (const button of form.querySelectorAll("[aria-busy]")) {
    button.removeAttribute("aria-busy");
    button.removeAttribute("aria-disabled");
  }
}

export function sendOnce(root) {
  root.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.dataset.sent !== undefined) {
      event.preventDefault();
      return;
    }
    if (event.defaultPrevented || form.hasAttribute("data-download")) return;
    form.dataset.sent = "";
    const button = event.submitter || form.querySelector("button[type=submit]");
    if (!button) return;
    // not disabled: a disabled button loses the focus and is left out of what is sent
    button.setAttribute("aria-busy", "true");
    button.setAttribute("aria-disabled", "true");
  });

  root.addEventListener("click", (event) => {
    const control = event.target.closest("[aria-disabled=true]");
    if (control) event.preventDefault();
  }, true);

  // back from the browser's memory: the page must be usable again
  addEventListener("pageshow", (event) => {
    if (event.persisted) root.querySelectorAll("form[data-sent]").forEach(release);
  });
}
