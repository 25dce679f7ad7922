// What is typed past a meter's zones begins the next form.

const $ = (id) => document.getElementById(id);
const { dataset, tBodies: [body] } = $("rows");
const { save, lookup, find, store, blank, zone, csrf_token, account, line, refused, closed } = dataset;
const whole = new RegExp(dataset.whole, "i");
const say = (text) => ($("said").textContent = text);
const queue = JSON.parse(localStorage[store] || "[]");
let bad = []; // refused
let current, busy, timer, pause = 500;

const keep = () => (localStorage[store] = JSON.stringify([...bad, ...queue]));

function open(text, old) {
  body.insertAdjacentHTML("beforeend", blank);
  const tr = body.lastElementChild;
  const at = tr.querySelector("input");
  at.value = text;
  if (old) {
    old.replaceWith(tr);
    tr.dataset.line = old.dataset.line;
    tr.cells[0].textContent = old.cells[0].textContent;
  }
  return (tr.row = { tr, old, at, account: at, fields: [] });
}

const start = (text) => (current = open(text)).at.focus();

function field(row, i) {
  const cell = row.tr.cells[3];
  if (!row.fields[i]) cell.insertAdjacentHTML("beforeend", zone);
  const [name, input] = cell.children[i].children;
  name.textContent = row.zones ? row.zones[i].label : `Т${i + 1}`;
  return (row.fields[i] = input);
}

async function ask(row) {
  const text = (row.asked = row.account.value);
  row.zones = null;
  const found = await fetch(lookup + encodeURIComponent(text)).then((got) => got.json()).catch(() => 0);
  if (!found || row.asked !== text || !row.tr.row) return;
  row.tr.cells[2].textContent = found.who;
  const most = found.zones.length;
  if (!most) say(found.who);
  else if (row.fields.length <= most) {
    row.zones = found.zones;
    row.zones.forEach((_, i) => field(row, i));
  } else if (row === current && row.at === document.activeElement) overflow(most);
  else if (row.old && !row.at.value) finish(row);
}

function overflow(i) {
  const texts = current.fields.splice(i).map((input) => (input.parentElement.remove(), input.value));
  if (i || !whole.test(current.account.value)) finish(current);
  current.account.value = texts[0];
  if (!texts[1] && !whole.test(texts[0])) return;
  ask(current);
  current.jumped = !texts[1];
  texts.slice(1).forEach((text, j) => (field(current, j).value = text));
  field(current, Math.max(0, texts.length - 2)).focus();
}

function pending(tr, { key, account, typed }) {
  tr.id = key;
  tr.row = null;
  tr.cells[1].textContent = account;
  tr.cells[3].textContent = typed.join(" / ");
}

function fail(item, text) {
  bad.push(item);
  const tr = $(item.key);
  tr.className = "refused";
  tr.cells[0].textContent = "!";
  tr.cells[5].textContent = text;
  Object.assign(tr.dataset, { line: item.line || 0, account: item.account, typed: JSON.stringify(item.typed), reason: text });
  say(text);
}

function forget({ old }) {
  if (old) bad = bad.filter(({ key }) => key !== old.id);
  return old && +old.dataset.line ? old.dataset.line : "";
}

function finish(row, withdraw = "") {
  const typed = row.fields.map((input) => input.value);
  const item = { key: `${Date.now()}-${Math.random()}`, line: forget(row), account: row.account.value, typed, withdraw };
  if (!item.line) delete row.tr.dataset.line;
  queue.push(item);
  pending(row.tr, item);
  if (row === current) start("");
  current.at.focus();
  pump();
}

async function pump() {
  keep();
  const [first] = queue;
  if (busy || !first) return;
  busy = 1;
  const { typed, tries = 0, ...item } = first;
  const form = new URLSearchParams({ ...item, csrf_token });
  typed.forEach((text) => form.append("value", text));
  const got = await fetch(save, { method: "POST", body: form, redirect: "manual" }).catch(() => 0);
  const answer = got.ok && (await got.json().catch(() => 0));
  busy = 0;
  clearTimeout(timer);
  const isOver = got.status > 399 && (got.status < 500 || (first.tries = tries + 1) > (got.status > 501 ? 8 : 2));
  if (answer || isOver) {
    queue.shift();
    pause = 500;
    if (answer) $("totals").outerHTML = answer.totals;
    if (answer.row) {
      $(item.key).outerHTML = answer.row;
      say(answer.said);
    } else fail(first, answer.said || refused);
    pump();
  } else timer = setTimeout(pump, (pause = Math.min(pause * 2, 3e4)));
  $("net").hidden = answer || isOver;
  $("waiting").textContent = queue.length;
  $("again").hidden = got.type !== "opaqueredirect";
}

function enter(row, i) {
  const count = row.zones ? row.zones.length : 99;
  const isBlank = !row.at.value;
  let next = i + 1;
  if (i < 0) {
    if (isBlank) return;
    ask(row);
  } else if (isBlank && !row.zones) next = i && count;
  else if (isBlank) while (next < count && row.zones[next].meter === row.zones[i].meter) next += 1;
  if (next < count) field(row, next).focus();
  else finish(row);
}

function leave({ tr, old }) {
  if (old) {
    tr.replaceWith(old);
    tr.row = null;
  }
  current.at.focus();
}

function edit(tr) {
  if (!tr || !tr.dataset.typed) return;
  const row = open(tr.dataset.account, tr);
  JSON.parse(tr.dataset.typed).forEach((text, i) => (field(row, i).value = text));
  say(tr.dataset.reason);
  ask(row);
  field(row, 0).focus();
  row.at.select();
}

function drop(row) {
  row.tr.remove();
  if (!row.old) return start("");
  forget(row);
  keep();
  current.at.focus();
}

const keys = {
  Enter: (row, i) => (row.jumped ? (row.jumped = 0) : enter(row, i)),
  Escape: leave,
  F2: () => (location = find),
  F8: (row) => (row.old && +row.old.dataset.line ? finish(row, 1) : drop(row)),
  "Ctrl ArrowUp"(row) {
    const above = row.tr.previousElementSibling;
    leave(row);
    edit(above);
  },
  "Ctrl ArrowDown": leave,
};

body.onkeydown = (event) => {
  const { row } = event.target.closest("tr");
  const act = row && keys[(event.ctrlKey ? "Ctrl " : "") + event.key];
  if (!act) return;
  event.preventDefault();
  act(row, row.fields.indexOf(event.target));
};

body.oninput = ({ target: { value }, target }) => {
  const { row } = target.closest("tr");
  const i = row.fields.indexOf(target);
  row.jumped = 0;
  if (row === current && i >= 0 && !(i && row.zones) && whole.test(value)) overflow(i);
  else if (i < 0 ? whole.test(value) : row.zones && row.zones[i + 1] && value.length >= row.zones[i].digits) {
    if (i < 0) ask(row);
    field(row, i + 1).focus();
    row.jumped = 1;
  }
};

body.addEventListener("focusin", ({ target }) => {
  const { row } = target.closest("tr");
  if (row) row.at = target;
});

onbeforeunload = () => queue.length || undefined;
ononline = pump;

document.documentElement.classList.add("js");
queue.forEach((item) => pending(open("").tr, item));
if (closed) queue.splice(0).forEach((item) => fail(item, closed));
else {
  start(account);
  enter(current, -1);
  edit($("row-" + line));
  pump();
}
