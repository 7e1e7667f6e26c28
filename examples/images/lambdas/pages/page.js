
// Sends the forms of the pages. An image goes from the browser to the bucket; the API only signs the URL.
const ask = async (url, options) => {
  const response = await fetch(url, options);
  const body = await response.json();
  if (!response.ok) throw new Error(body.message);
  return body;
};

const post = (url, body) =>
  ask(url, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });

// The bucket starts the function that asks Rekognition, so the item has the image a moment later.
const seen = async (item, image) => {
  for (let tries = 0; tries < 60; tries += 1) {
    if ((await ask(item)).Item.image === image) return;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  throw new Error("Rekognition has not looked at the image yet: load the page again later");
};

const actions = {
  async add(form) {
    const { uuid } = await post("items", { title: form.elements.title.value, content: form.elements.content.value });
    location.href = `view/${uuid}`;
  },

  async attach(form) {
    const item = `../items/${form.dataset.uuid}`;
    const [file] = form.elements.image.files;
    const { upload_url, content_type, image } = await post(`${item}/image`, { file: file.name });
    const upload = await fetch(upload_url, { method: "PUT", headers: { "content-type": content_type }, body: file });
    if (!upload.ok) throw new Error(`The bucket refuses the image: ${upload.status}`);
    await seen(item, image);
    location.reload();
  },
};

for (const [name, action] of Object.entries(actions)) {
  const form = document.getElementById(name);
  form?.addEventListener("submit", async (event) => {
    event.preventDefault();
    const [button, output] = [form.querySelector("button"), form.querySelector("output")];
    button.disabled = true;
    output.textContent = "One moment…";
    try {
      await action(form);
    } catch (error) {
      output.textContent = error.message;
      button.disabled = false;
    }
  });
}
