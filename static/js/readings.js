// Usage while a reading is typed. The server decides; this only shows in time what it would say.

const QUIET_MS = 1000; // so long after the last key the result is read aloud

const grouped = (value) => String(Math.abs(value)).replace(/\B(?=(\d{3})+$)/g, "\u202f");
const amount = (value, unit) => (value < 0 ? "\u2212" : "") + grouped(value) + "\u00a0" + unit;

// "１４ 218,5" -> { digits: "14218", fraction: true }; digits is null when it is no number
function read(typed) {
  const text = typed.normalize("NFKC").replace(/\s/g, "");
  const parts = /^(\d*)([.,]\d*)?$/.exec(text);
  return parts ? { digits: parts[1], fraction: parts[2] !== undefined } : { digits: null, fraction: false };
}

// The usage of one zone with what to say of it; `usage` is null while there is none
function judge(input) {
  const { digits, fraction } = read(input.value);
  if (digits === null) return { usage: null, doubt: "нужны только цифры" };
  if (digits === "") return { usage: null, doubt: "" };
  const value = Number(digits);
  const previous = Number(input.dataset.previous || 0);
  const length = Number(input.dataset.digits || 0);
  const ratio = Number(input.dataset.ratio || 1);
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

// The server has said what is wrong with this value; once it is changed, that no longer holds
function wasRefused(input) {
  if (input.getAttribute("aria-invalid") !== "true") return false;
  if (input.value === input.defaultValue) return true;
  input.removeAttribute("aria-invalid");
  input.closest(".field").classList.remove("wrong");
  const error = document.getElementById(input.id + "-error");
  if (error) error.remove();
  return false;
}

function doubtBeside(output) {
  let doubt = output.parentElement.querySelector(".doubt");
  if (!doubt) {
    doubt = document.createElement("span");
    doubt.className = "doubt";
    output.parentElement.append(doubt);
  }
  return doubt;
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
  const passed = meter.inputs.every((input) => input.value && input.value === input.defaultValue); // told already, or accepted as it is
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
  const region = document.createElement("p");
  region.className = "unseen";
  region.setAttribute("role", "status");
  document.body.append(region);
  let waiting = 0;
  return (text) => {
    clearTimeout(waiting);
    waiting = setTimeout(() => (region.textContent = text), QUIET_MS);
  };
}

function watch(meter, say) {
  meter.inputs = [...meter.querySelectorAll("input[data-previous]")];
  // each key would be read aloud otherwise; the one region below speaks when the typing rests
  meter.querySelectorAll("output").forEach((output) => output.setAttribute("aria-live", "off"));
  meter.addEventListener("input", () => say(show(meter)));
  show(meter);
}

function start() {
  const meters = [...document.querySelectorAll("fieldset")].filter((meter) => meter.querySelector("input[data-previous]") && !meter.inputs);
  meters.forEach((meter) => watch(meter, say));
}

const say = speaker();
document.documentElement.classList.add("js");
start();
document.addEventListener("htmx:after:swap", start);
