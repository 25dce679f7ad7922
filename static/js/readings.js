// Usage while a reading is typed: only what the server would say.

const QUIET_MS = 1000;

const grouped = (value) => String(Math.abs(value)).replace(/\B(?=(\d{3})+$)/g, "\u202f");
const amount = (value, unit) => (value < 0 ? "\u2212" : "") + grouped(value) + "\u00a0" + unit;

function read(typed) {
  const text = typed.normalize("NFKC").replace(/\s/g, "");
  const parts = /^(\d*)([.,]\d*)?$/.exec(text);
  return parts ? { digits: parts[1], fraction: parts[2] !== undefined } : { digits: null, fraction: false };
}

function judge(input) {
  const { digits, fraction } = read(input.value);
  if (digits === null) return { usage: null, doubt: "нужны только цифры" };
  if (digits === "") return { usage: null, doubt: "" };
  const value = Number(digits);
  const [previous, length, ratio] = ["previous", "digits", "ratio"].map((name) => Number(input.dataset[name]));
  if (length && digits.replace(/^0+/, "").length > length) {
    return { usage: null, doubt: `на\u00a0табло ${length}\u00a0${length < 5 ? "цифры" : "цифр"} до запятой` };
  }
  const hint = fraction ? "дробную часть передавать не\u00a0нужно" : "";
  if (value >= previous) return { usage: (value - previous) * ratio, doubt: hint };
  const dial = 10 ** length;
  if (length && input.dataset.rolls) {
    return { usage: (dial - previous + value) * ratio, doubt: "табло перешло через ноль" };
  }
  return { usage: null, doubt: `меньше предыдущего (${grouped(previous)})` };
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
    const { usage, doubt } = wasRefused(input) ? { usage: null, doubt: "" } : judge(input);
    const output = meter.querySelector(`output[for="${input.id}"]`);
    if (output) {
      output.textContent = usage === null ? "" : amount(usage, unit);
      doubtBeside(output).textContent = doubt;
    }
    if (usage === null) whole = false;
    else total += usage;
    if (doubt) spoken.push(doubt);
  });
  const usual = Number(meter.inputs[0].dataset.usual || 0);
  const passed = meter.inputs.every((input) => input.value && input.value === input.defaultValue);
  const far = whole && !passed && total > Number(meter.inputs[0].dataset.limit || Infinity);
  const output = meter.querySelector("output.total");
  if (output) {
    output.textContent = whole ? `Расход ${amount(total, unit)}` : "";
    doubtBeside(output).textContent = far ? `Намного больше обычного: обычно около ${amount(usual, unit)}. Проверьте цифры` : "";
  }
  if (whole) spoken.push(`Расход ${amount(total, unit)}` + (far ? ", намного больше обычного" : ""));
  return spoken.join(". ");
}

function speaker() {
  document.body.insertAdjacentHTML("beforeend", '<p class="unseen" role="status"></p>');
  const region = document.body.lastElementChild;
  let waiting = 0;
  return (text) => {
    clearTimeout(waiting);
    waiting = setTimeout(() => (region.textContent = text), QUIET_MS);
  };
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

const say = speaker();
document.documentElement.classList.add("js");
start();
document.addEventListener("htmx:after:swap", start);
