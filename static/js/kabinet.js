// No `?.` and `??`: the first phones that know modules do not know these.

const KEPT = "Ничего не потеряно: то, что вы ввели, осталось на странице. Попробуйте ещё раз через минуту.";
const NO_LINK = "Нет связи. " + KEPT;
const on = (name, act) => document.addEventListener(name, act);

document.body.insertAdjacentHTML("beforeend", '<p class="net" role="status"></p>');
const net = document.body.lastElementChild;
const say = (text) => (net.textContent = text);

if (window.htmx) window.htmx.config.noSwap = [204, 304, "5xx"];

on("htmx:config:request", ({ detail: { ctx: { request } } }) => {
  const token = document.querySelector("meta[name=csrf-token]");
  if (token) request.headers["X-CSRFToken"] = token.content;
});

on("htmx:before:request", () => say(""));

on("htmx:error", ({ detail: { ctx } }) => ctx && !ctx.response && say(NO_LINK));

on("htmx:response:error", ({ detail: { ctx } }) => {
  if (ctx.response.status >= 500) say("Портал сейчас не отвечает. " + KEPT);
});

on("htmx:after:swap", ({ detail: { ctx } }) => {
  const errors = document.querySelector(".errors[tabindex]");
  if (errors && ctx && ctx.response && ctx.response.status >= 400) errors.focus();
});

// One press, one submission. A `disabled` button would lose its focus.

function mark(form, sent) {
  form.dataset.sent = sent;
  form.querySelectorAll("button:not([type=button])").forEach((button) => button.setAttribute("aria-disabled", sent > ""));
}

on("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.method !== "post" || form.matches("[hx-post]")) return;
  if (form.dataset.sent || navigator.onLine === false) {
    if (!form.dataset.sent) say(NO_LINK);
    return event.preventDefault();
  }
  mark(form, "yes");
  setTimeout(mark, 20000, form, "");
});

onpageshow = () => document.querySelectorAll("form[data-sent]").forEach((form) => mark(form, ""));
ononline = () => say("");
