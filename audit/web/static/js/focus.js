/* After load the focus goes to what came of the last act: the summary of what is wrong, or the result heading. */

export function placeFocus(root) {
  const target = root.querySelector(".errsum[data-focus]") || root.querySelector("[data-focus]");
  if (target) target.focus({ preventScroll: target.tagName === "H1" });
}
