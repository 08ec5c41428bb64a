"use strict";
const at = (id) => document.getElementById(id);
const page = document.body.dataset;
const chosen = (name) => document.querySelector(`input[name=${name}]:checked`).value;

function tell(text, kind) {
  at("told").textContent = text;
  at("told").dataset.kind = kind;
}

// Where the tool comes from that the choices stand for.
function source() {
  return `${chosen("size")}?service_url=${encodeURIComponent(at("address").value.trim())}`;
}

function follow() {
  at("file").href = chosen("size");
  at("text").hidden = true;
  tell("", "");
}

async function fetched(key) {
  // The key goes into the header of this one request, to the host of this page, and nowhere else.
  const headers = key ? { Authorization: `Bearer ${key}` } : {};
  const asked = fetch(source(), { method: "POST", headers, cache: "no-store" });
  const response = await asked.catch(() => { throw new Error(page.unreachable); });
  if (response.ok) return response.text();
  const { error } = await response.json();
  throw new Error(page[error.code] || `${page.failed}: ${error.message} ${error.hint}`);
}

async function copied(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // Browsers have a clipboard for https:// and localhost alone; elsewhere a person copies.
    at("text").hidden = false;
    at("text").value = text;
    at("text").select();
    return document.execCommand("copy");
  }
}

async function copy(event) {
  event.preventDefault();
  const key = at("key").value.trim();
  at("copy").disabled = true;
  try {
    const text = await fetched(page.keys === "yes" ? key : "");
    const done = await copied(text);
    const what = done ? (key ? page.copied_with_key : page.copied) : page.by_hand;
    tell(page.keys === "yes" && !key ? `${what} ${page.no_key}` : what, "done");
    at("key").value = "";
  } catch (error) {
    tell(error.message, "failed");
  } finally {
    at("copy").disabled = false;
  }
}

async function look() {
  let ok = false;
  try {
    ok = (await fetch("/health", { cache: "no-store" })).ok;
  } catch { /* told below */ }
  at("state").dataset.state = ok ? "ok" : "gone";
  at("state").firstElementChild.textContent = ok ? page.running : page.gone;
}

at("keyed").hidden = page.keys !== "yes";
for (const input of document.querySelectorAll("input[name=where]")) {
  input.addEventListener("change", () => {
    at("address").value = input.value;
    follow();
  });
}
for (const input of document.querySelectorAll("input[name=size], #address")) {
  input.addEventListener("input", follow);
}
at("form").addEventListener("submit", copy);
follow();
setInterval(look, 15000);
