// data-key: pressed by that key in any alphabet

const marked = (name) => [...document.querySelectorAll(`[data-${name}]`)];
const FIELDS = "input:not([type=hidden],[type=radio],[type=checkbox]),select,textarea";

function press(element) {
  if (element.matches(FIELDS)) return element.focus();
  element.click();
  const fold = element.matches("summary") && element.closest("[open]");
  const first = fold && (fold.querySelector("[data-first]") || fold.querySelector(FIELDS));
  first?.focus?.();
  first?.select?.();
}

function step(by) {
  const all = marked("step");
  const here = all.findIndex((one) => (one.closest("tr") || one).contains(document.activeElement));
  all[here + by]?.focus();
  return all[here + by];
}

const STEPS = { KeyJ: 1, ArrowDown: 1, KeyK: -1, ArrowUp: -1 };

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey || event.repeat) return;
  if (event.target.matches(FIELDS)) return event.key === "Escape" && event.target.blur();
  const names = [event.key.toLowerCase(), event.code.replace(/^(Key|Digit)/, "").toLowerCase()];
  const found = marked("key").find((one) => names.includes(one.dataset.key) && one.getClientRects().length);
  if (found) press(found);
  else if (!step(STEPS[event.code])) return;
  event.preventDefault();
});
