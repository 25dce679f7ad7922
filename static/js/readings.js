// Usage while a reading is typed: only what the server would say.

const QUIET_MS = 1000;

const grouped = (value) => String(value).replace(/\B(?=(\d{3})+$)/g, "\u202f");
const amount = (value, unit) => grouped(value) + "\u00a0" + unit;
const odd = (doubt) => ({ usage: null, doubt });

function judge({ value, dataset }) {
  const text = value.normalize("NFKC").replace(/\s/g, "");
  const [, digits, fraction] = /^(\d*)([.,]\d*)?$/.exec(text) || [];
  if (digits === undefined) return odd("нужны только цифры");
  if (digits === "") return odd("");
  const [previous, length, ratio] = [dataset.previous, dataset.digits, dataset.ratio].map(Number);
  if (length && digits.replace(/^0+/, "").length > length) {
    return odd(`на\u00a0табло ${length}\u00a0${length < 5 ? "цифры" : "цифр"} до запятой`);
  }
  const used = digits - previous;
  if (used >= 0) return { usage: used * ratio, doubt: fraction ? "дробную часть передавать не\u00a0нужно" : "" };
  if (length && dataset.rolls) return { usage: (used + 10 ** length) * ratio, doubt: "табло перешло через ноль" };
  return odd(`меньше предыдущего (${grouped(previous)})`);
}

function wasRefused(input) {
  if (!input.matches("[aria-invalid]")) return false;
  if (input.value === input.defaultValue) return true;
  input.removeAttribute("aria-invalid");
  const field = input.closest(".field");
  field.classList.remove("wrong");
  field.querySelector(".error").remove();
  return false;
}

function doubtBeside({ parentElement: beside }) {
  if (!beside.querySelector(".doubt")) beside.insertAdjacentHTML("beforeend", '<span class="doubt"></span>');
  return beside.querySelector(".doubt");
}

function show(meter) {
  const unit = meter.dataset.unit || "кВт⋅ч";
  const spoken = [];
  let total = 0;
  let whole = true;
  meter.inputs.forEach((input) => {
    const { usage, doubt } = wasRefused(input) ? odd("") : judge(input);
    const output = meter.querySelector(`output[for="${input.id}"]`);
    if (output) {
      output.textContent = usage === null ? "" : amount(usage, unit);
      doubtBeside(output).textContent = doubt;
    }
    if (usage === null) whole = false;
    else total += usage;
    if (doubt) spoken.push(doubt);
  });
  const { usual, limit } = meter.inputs[0].dataset;
  const passed = meter.inputs.every((input) => input.value && input.value === input.defaultValue);
  const far = whole && !passed && total > (limit || Infinity);
  const sum = `Расход ${amount(total, unit)}`;
  const output = meter.querySelector("output.total");
  if (output) {
    output.textContent = whole ? sum : "";
    doubtBeside(output).textContent = far ? `Намного больше обычного: обычно около ${amount(usual || 0, unit)}. Проверьте цифры` : "";
  }
  if (whole) spoken.push(sum + (far ? ", намного больше обычного" : ""));
  return spoken.join(". ");
}

document.body.insertAdjacentHTML("beforeend", '<p class="unseen" role="status"></p>');
const region = document.body.lastElementChild;
let waiting;

function say(text) {
  clearTimeout(waiting);
  waiting = setTimeout(() => (region.textContent = text), QUIET_MS);
}

function watch(meter) {
  meter.inputs = [...meter.querySelectorAll("input[data-previous]")];
  meter.querySelectorAll("output").forEach((output) => output.setAttribute("aria-live", "off"));
  meter.addEventListener("input", () => say(show(meter)));
  show(meter);
}

function start() {
  document.querySelectorAll("fieldset").forEach((meter) => {
    if (!meter.inputs && meter.querySelector("input[data-previous]")) watch(meter);
  });
}

document.documentElement.classList.add("js");
start();
document.addEventListener("htmx:after:swap", start);
