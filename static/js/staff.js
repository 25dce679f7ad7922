// data-key: pressed by that key in any alphabet; data-step: by j, k and arrows

const FIELDS = "input:not([type=hidden],[type=radio],[type=checkbox]),select,textarea";

function press(element) {
  if (element.matches(FIELDS)) return element.focus();
  element.click();
  const fold = element.closest("details[open]");
  const first = fold && element.matches("summary") && (fold.querySelector("[data-first]") || fold.querySelector(FIELDS));
  if (!first) return;
  first.focus();
  if (first.select) first.select();
}

function step(by) {
  const all = [...document.querySelectorAll("[data-step]")];
  const next = all[all.indexOf(document.activeElement) + by];
  if (next) next.focus();
  return next;
}

const STEPS = { KeyJ: 1, ArrowDown: 1, KeyK: -1, ArrowUp: -1 };

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey || event.repeat) return;
  if (event.target.matches(FIELDS)) return event.key === "Escape" && event.target.blur();
  const names = [event.key.toLowerCase(), event.code.replace(/^(Key|Digit)/, "").toLowerCase()];
  const found = [...document.querySelectorAll("[data-key]")].find((one) => names.includes(one.dataset.key) && one.getClientRects().length);
  if (found) press(found);
  else if (!STEPS[event.code] || !step(STEPS[event.code])) return;
  event.preventDefault();
});
