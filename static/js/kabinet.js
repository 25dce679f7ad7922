// Small comforts for every form. No `?.` and `??`: the first phones that know modules do not know these.

const NOTHING_LOST = "Ничего не потеряно: то, что вы ввели, осталось на странице. Попробуйте ещё раз через минуту.";
const NO_LINK = "Нет связи. " + NOTHING_LOST;
const NO_ANSWER = "Портал сейчас не отвечает. " + NOTHING_LOST;
const SENT_FOR_MS = 20000;

document.body.insertAdjacentHTML("beforeend", '<p class="net" role="status"></p>');
const net = document.body.lastElementChild;

function say(text) {
  net.textContent = text;
}

if (window.htmx) window.htmx.config.noSwap = [204, 304, "5xx"];

document.addEventListener("htmx:config:request", (event) => {
  const { request } = event.detail.ctx;
  const token = document.querySelector("meta[name=csrf-token]");
  if (token && !/^(GET|HEAD)$/i.test(request.method)) request.headers["X-CSRFToken"] = token.content;
});

document.addEventListener("htmx:before:request", () => say(""));

document.addEventListener("htmx:error", (event) => {
  if (event.detail.ctx && !event.detail.ctx.response) say(NO_LINK);
});

document.addEventListener("htmx:response:error", (event) => {
  if (event.detail.ctx.response.status >= 500) say(NO_ANSWER);
});

document.addEventListener("htmx:after:swap", (event) => {
  const answer = event.detail.ctx && event.detail.ctx.response;
  const errors = document.querySelector(".errors[tabindex]");
  if (errors && answer && answer.status >= 400) errors.focus();
});

// One press, one submission. The button keeps its focus, so it is not `disabled` but refuses.

function release(form) {
  delete form.dataset.sent;
  form.querySelectorAll("[aria-disabled]").forEach((button) => button.removeAttribute("aria-disabled"));
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.method !== "post" || form.matches("[hx-post],[hx-put],[hx-delete]")) return;
  if (form.dataset.sent) return event.preventDefault();
  if (navigator.onLine === false) {
    event.preventDefault();
    return say(NO_LINK);
  }
  form.dataset.sent = "yes";
  form.querySelectorAll("button:not([type=button])").forEach((button) => button.setAttribute("aria-disabled", "true"));
  setTimeout(release, SENT_FOR_MS, form);
});

window.addEventListener("pageshow", () => document.querySelectorAll("form[data-sent]").forEach(release));
window.addEventListener("online", () => say(""));
