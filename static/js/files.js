// Files go one by one once chosen, photos made smaller

const input = document.querySelector("[data-send]");
const { form, dataset } = input;
const [bar, said] = [...input.parentElement.children].slice(-2);
const queue = [];
let later;

async function smaller(file) {
  const photo = await createImageBitmap(file, { imageOrientation: "from-image" });
  const ratio = Math.min(1, 2000 / Math.max(photo.width, photo.height));
  const paper = new OffscreenCanvas(photo.width * ratio, photo.height * ratio);
  paper.getContext("2d").drawImage(photo, 0, 0, paper.width, paper.height);
  const made = await paper.convertToBlob({ type: file.type, quality: 0.85 });
  return made.size < file.size && made.type === file.type ? made : file;
}

async function post(file, made) {
  if (made.size > dataset.most) return { status: 422, response: file.name + dataset.large };
  const body = new FormData(form);
  body.append(input.name, made, file.name);
  const sent = new XMLHttpRequest();
  sent.open("POST", dataset.send);
  sent.setRequestHeader("HX-Request", "true");
  sent.upload.onprogress = ({ loaded, total }) => (bar.value = loaded / total);
  sent.send(body);
  await new Promise((done) => (sent.onloadend = done));
  return sent;
}

async function send() {
  let bad = "";
  bar.hidden = false;
  for (; queue[0]; queue.shift()) {
    const [file] = queue;
    const { status, response } = await post(file, await smaller(file).catch(() => file));
    if (status === 401) location.reload();
    if (status === 200) document.querySelector(dataset.list).innerHTML = response;
    else bad += status === 422 ? response + " " : file.name + dataset.broken;
  }
  bar.hidden = true;
  said.textContent = bad;
  if (later && !bad) later.click();
  later = null;
}

input.onchange = () => {
  queue.push(...input.files);
  input.value = "";
  if (bar.hidden) send();
};

form.addEventListener("submit", (event) => {
  if (bar.hidden) return;
  event.preventDefault();
  said.textContent = dataset.busy;
  later = event.submitter;
});
