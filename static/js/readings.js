// Usage while a reading is typed: only what the server would say.

const grouped = (value) => String(value).replace(/\B(?=(\d{3})+$)/g, "\u202f");
const amount = (value, unit) => grouped(value) + "\u00a0" + unit;
const odd = (doubt) => ({ usage: NaN, doubt });

function judge({ value, dataset }, words) {
  const text = value.normalize("NFKC").replace(/\s/g, "");
  const [, digits, fraction] = /^(\d*)([.,]\d*)?$/.exec(text) || [];
  if (digits === undefined) return odd(words.letters);
  if (digits === "") return odd("");
  const [previous, length, ratio] = [dataset.previous, dataset.digits, dataset.ratio].map(Number);
  if (length && digits.replace(/^0+/, "").length > length) return odd(words.places + length);
  const used = digits - previous;
  if (used >= 0) return { usage: used * ratio, doubt: fraction ? words.fraction : "" };
  if (length && dataset.rolls) return { usage: (used + 10 ** length) * ratio, doubt: words.over };
  return odd(`${words.less} (${grouped(previous)})`);
}

function wasRefused(input) {
  if (!input.matches("[aria-invalid]")) return;
  if (input.value === input.defaultValue) return true;
  input.removeAttribute("aria-invalid");
  const field = input.closest(".field");
  field.classList.remove("wrong");
  field.querySelector(".error").remove();
}

function put(output, text, doubt) {
  output.textContent = text;
  output.nextElementSibling.textContent = doubt;
}

function show(meter) {
  const { unit } = meter.dataset;
  const output = meter.querySelector("output.total");
  const spoken = [];
  let total = 0;
  meter.inputs.forEach((input) => {
    const { usage, doubt } = wasRefused(input) ? odd("") : judge(input, output.dataset);
    put(meter.querySelector(`output[for="${input.id}"]`), usage >= 0 ? amount(usage, unit) : "", doubt);
    total += usage;
    spoken.push(doubt);
  });
  const { usual, limit } = meter.inputs[0].dataset;
  const passed = meter.inputs.every(({ value, defaultValue }) => value && value === defaultValue);
  const sum = total >= 0 ? `Расход ${amount(total, unit)}` : "";
  const doubt = !passed && total > (limit || Infinity) ? output.dataset.far + amount(usual || 0, unit) : "";
  put(output, sum, doubt);
  clearTimeout(meter.waiting);
  return [...spoken, sum, doubt].filter(Boolean).join(". ");
}

function watch(meter) {
  const inputs = [...meter.querySelectorAll("input[data-previous]")];
  if (!inputs[0]) return;
  meter.inputs = inputs;
  meter.addEventListener("input", () => {
    const text = show(meter);
    meter.waiting = setTimeout(() => (meter.querySelector("[role=status]").textContent = text), 1000);
  });
  show(meter);
}

const start = () => document.querySelectorAll("fieldset").forEach((meter) => meter.inputs || watch(meter));

document.documentElement.classList.add("js");
start();
document.addEventListener("htmx:after:swap", start);
