/* The sentence that is signed names what is chosen on its page: [data-chosen="method"] holds the words of that choice. */

function say(spot, root) {
  const chosen = root.querySelector(`input[type=radio][name="${CSS.escape(spot.dataset.chosen)}"]:checked`);
  const label = chosen?.closest("label");
  if (!label) return;
  // the words of the chip itself, without its second line
  const words = [...label.childNodes].find((node) => node.nodeType === Node.TEXT_NODE && node.textContent.trim());
  if (words) spot.textContent = words.textContent.trim().toLowerCase();
}

export function nameChoices(root) {
  const spots = [...root.querySelectorAll("[data-chosen]")];
  if (!spots.length) return;
  const all = () => spots.forEach((spot) => say(spot, root));
  root.addEventListener("change", all);
  all();
}
