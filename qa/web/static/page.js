// What the page does in the browser; Gradio keeps the conversation, this moves the eyes.
(() => {
  const params = new URLSearchParams(location.search);
  const narrow = matchMedia("(max-width: 800px)");
  const touch = matchMedia("(pointer: coarse)");
  const still = matchMedia("(prefers-reduced-motion: reduce)");
  const root = document.documentElement;
  const $ = (selector) => document.querySelector(selector);
  const embedded = params.get("embed") === "1";
  root.classList.toggle("embed", embedded);

  let origin = null; // the citation that the reader came from

  // Every way to ask goes through the text box, so that a question waits there while another is answered.
  function submit() {
    $("#q .submit-button")?.click();
    focusBox();
  }

  function ask(question) {
    const box = $("#q textarea");
    box.value = question;
    box.dispatchEvent(new Event("input", { bubbles: true }));
    requestAnimationFrame(submit);
    if (narrow.matches) $("#talk").scrollIntoView();
  }

  function focusBox() {
    if (!touch.matches) $("#q textarea")?.focus({ preventScroll: true });
  }

  // Brings the article to the front of the side; there is nothing to scroll as long as it is hidden.
  async function turn() {
    const tab = $("#side [role=tab]");
    if (tab?.getAttribute("aria-selected") !== "false") return;
    tab.click();
    await new Promise(requestAnimationFrame);
  }

  // What is to be lit: a span of an article, as a citation names it; `visiting` if the reader wants to go there.
  let aim = null;

  function show(link, visiting = false) {
    const [kind, article, start, end] = link ? link.hash.slice(1).split("-") : [];
    aim = link && { kind, article, start, end, visiting };
    aimAtArticle();
  }

  function aimAtArticle() {
    const shown = $("#article .art")?.dataset.article;
    if (aim && shown !== undefined && shown !== aim.article) shared.trigger("open", { article: aim.article });
    else light();
  }

  // Lights up the aim if it lies in the article that is shown, and scrolls the panel to it.
  async function light() {
    const panel = $("#article .art");
    const goal = aim;
    const here = goal !== null && panel?.dataset.article === goal.article;
    if (here) await turn();
    if (aim !== goal) return; // the reader was quicker
    let first = null;
    for (const piece of panel?.querySelectorAll("[data-start]") ?? []) {
      const lit = here && +piece.dataset.start < +goal.end && +piece.dataset.end > +goal.start;
      piece.classList.toggle("hit", lit && goal.kind === "cite");
      piece.classList.toggle("near", lit && goal.kind === "near");
      if (lit) first ??= piece;
    }
    if (!first) return;
    const top = first.getBoundingClientRect().top - panel.getBoundingClientRect().top + panel.scrollTop;
    panel.scrollTo({ top: top - panel.clientHeight / 3, behavior: still.matches ? "auto" : "smooth" });
    if (goal.visiting) visit(first);
    goal.visiting = false;
  }

  // An article is there: the first one, or another that was picked or is cited.
  let waiting = true;
  function opened() {
    const title = $("#article .art > header h2")?.textContent;
    document.title = title ? `${title} – Ask the Article` : "Ask the Article";
    const panel = $("#article .art");
    if (panel && panel.dataset.article !== aim?.article) panel.scrollTop = 0; // another was read before
    if (waiting) aimAtArticle();
    else light();
    if (marking) offer(true);
    waiting &&= !title;
  }

  // Opens the article where the reader can see it, and takes the keyboard there.
  async function visit(piece) {
    await turn();
    root.classList.add("reading");
    if (narrow.matches && !embedded) $("#side").scrollIntoView({ behavior: still.matches ? "auto" : "smooth" });
    if (piece.tabIndex < 0) piece.tabIndex = -1;
    piece.focus({ preventScroll: true });
  }

  function leave() {
    root.classList.remove("reading");
    if (narrow.matches && !embedded) $("#talk").scrollIntoView({ behavior: still.matches ? "auto" : "smooth" });
    (origin?.isConnected ? origin : $("#q textarea"))?.focus({ preventScroll: true });
    origin = null;
  }

  // A text of the reader's own goes to the server, which gives the token to ask it with.
  async function bring(form) {
    const [file, paste, news] = [$("#own-file"), $("#own-paste"), $("#own-news")];
    const brought = file.files[0] ?? paste.value.trim();
    const name = (brought.name ?? "Pasted text").toWellFormed();
    if (form.ariaBusy === "true") return;
    if (!brought) news.textContent = "Choose a file, or paste some text, first.";
    else if (brought.size > +form.dataset.limit) news.textContent = `${name} has ${brought.size.toLocaleString("en")} bytes; the limit is ${(+form.dataset.limit).toLocaleString("en")}.`;
    else {
      form.ariaBusy = "true";
      news.textContent = `Reading ${name}…`;
      news.textContent = (await send(name, brought)) ?? "";
      form.ariaBusy = "false";
      if (!news.textContent) form.reset();
    }
  }

  // Returns what went wrong; nothing if the page has turned to the text.
  async function send(name, body) {
    const failed = "The text could not be sent. Please try again.";
    try {
      const reply = await fetch("upload", { method: "POST", headers: { "X-Name": encodeURIComponent(name) }, body });
      const said = await reply.json();
      if (!reply.ok) return said.error ?? failed;
      await idle();
      shared.trigger("adopt", { token: said.token });
      $("#side [role=tab]").click();
      if (narrow.matches) leave();
    } catch {
      return failed;
    }
  }

  // An answer that is under way belongs to the conversation that it was asked in.
  async function idle() {
    while ($("#chat .waiting")) await new Promise((done) => setTimeout(done, 50));
  }

  // The conversation about what is published waits while the reader asks a text of their own.
  let shelf = null;
  function swap(own, chat) {
    const shown = own ? [] : (shelf ?? chat);
    shelf = own ? (shelf ?? chat) : null;
    focusBox();
    return [shown];
  }

  // Marking: the form that waits for the reader to click the sentence which would have been right.
  let marking = null;
  function offer(open) {
    root.classList.toggle("marking", open);
    for (const piece of document.querySelectorAll("#article [data-start]")) {
      if (open) [piece.tabIndex, piece.role] = [0, "button"];
      else ["tabindex", "role"].forEach((name) => piece.removeAttribute(name));
    }
  }

  async function mark(form) {
    marking = form;
    origin = form.querySelector(".mark");
    form.querySelector(".marked").textContent = "Click the right sentence in the article; Escape leaves.";
    await visit($("#article .art"));
    offer(true);
  }

  function choose(piece) {
    unchoose();
    if (piece) piece.classList.add("chosen");
    const form = marking;
    marking = null;
    offer(false);
    form.querySelector(".marked").textContent = piece ? `Marked: ${piece.textContent}` : "";
    Object.assign(form.dataset, piece ? { article: $("#article .art").dataset.article, ...piece.dataset } : { start: "" });
    leave();
  }

  function unchoose() {
    document.querySelectorAll("#article .chosen").forEach((piece) => piece.classList.remove("chosen"));
  }

  function explain(form) {
    const { question, article, start, end } = form.dataset;
    const reason = [form.elements.reason.value, form.elements.words.value.trim()].filter(Boolean).join(": ");
    shared.trigger("explain", { question, reason, article: start ? article : -1, start: start || 0, end: end || 0 });
    dismiss(form);
  }

  function dismiss(form) {
    if (marking) choose(null);
    unchoose();
    form.hidden = true;
    focusBox();
  }

  async function act(action) {
    await idle();
    shared.trigger(action, {});
    if (action !== "leave") return;
    $("form.own").reset();
    $("#own-news").textContent = "";
    await turn();
  }

  function follow(link) {
    origin = link;
    show(link, true);
  }

  // What a click does, by what is clicked.
  const clicks = [
    ["#chat a.cite", follow],
    ["#chat button.example, #chat button.option, #faq button.ask", (button) => ask(button.textContent.trim())],
    ["[data-action]", (button) => act(button.dataset.action)],
    [".marking #article [data-start]", choose],
    ["form.wrong .mark", (button) => mark(button.form)],
    ["form.wrong .dismiss", (button) => dismiss(button.form)],
    ["#back", () => marking ? choose(null) : leave()],
    ["#there", () => visit($("#article .art"))],
    ["#theme", () => setTheme(document.body.classList.contains("dark") ? "light" : "dark")],
  ];

  // Runs before Gradio's own listeners: its chat would open a link of its own accord.
  addEventListener("click", (event) => {
    const [selector, action] = clicks.find(([selector]) => event.target.closest?.(selector)) ?? [];
    if (!action) return;
    event.preventDefault();
    event.stopPropagation();
    action(event.target.closest(selector));
  }, true);

  addEventListener("submit", (event) => {
    const form = event.target.closest("form.own, form.wrong");
    if (!form) return;
    event.preventDefault();
    event.stopPropagation();
    (form.matches(".own") ? bring : explain)(form);
  }, true);

  // Which article the picker is at; none if what was typed is no article's title.
  function picked(number, shown) {
    return String(number ?? shown);
  }

  // What is typed into the picker: of thousands of titles, only the server knows which hold it.
  function typed(_, shown) {
    return [$("#picker input").value, shown];
  }

  // The server's finds are there. Gradio still ticks the place in the list where the open article was: a press beside
  // all of them takes that away; a key that is none has it filter by what is typed by now, and mark the first.
  function found() {
    const input = $("#picker input");
    if (input !== document.activeElement) return;
    $("#picker [role=listbox]")?.dispatchEvent(new MouseEvent("mousedown", { bubbles: true, cancelable: true }));
    input.dispatchEvent(new KeyboardEvent("keydown", { bubbles: true }));
  }

  // A file or pasted text: whatever came last.
  addEventListener("input", (event) => {
    if (event.target.closest?.("#picker.searched")) shared.trigger("find", {});
    else if (event.target.id === "own-file") $("#own-paste").value = "";
    else if (event.target.id === "own-paste") $("#own-file").value = "";
  }, true);

  addEventListener("keydown", (event) => {
    const piece = [" ", "Enter"].includes(event.key) && event.target.closest?.(".marking #article [data-start]");
    if (piece) {
      event.preventDefault();
      choose(piece);
    } else if (event.key === "Escape" && marking) choose(null);
    else if (event.key === "Escape" && (origin || root.classList.contains("reading"))) leave();
  });

  // A copied answer is its plain text with the citation, not the markup that the chat keeps.
  function plain(text) {
    if (!/^<div class="(answer|asked|note)/.test(text)) return text;
    const page = new DOMParser().parseFromString(text, "text/html");
    page.querySelectorAll("details, .sure, .chips").forEach((extra) => extra.remove());
    page.querySelectorAll("br").forEach((end) => end.replaceWith("\n"));
    const lines = page.querySelectorAll("p, blockquote");
    return [...(lines.length ? lines : [page.body])].map((part) => part.textContent.trim()).join("\n");
  }

  if (navigator.clipboard) {
    const write = navigator.clipboard.writeText.bind(navigator.clipboard);
    navigator.clipboard.writeText = (text) => write(plain(text));
  }
  addEventListener("copy", (event) => {
    // Without HTTPS there is no clipboard, and Gradio copies from a text area.
    if (event.target.tagName !== "TEXTAREA" || !event.target.value.startsWith("<div class=")) return;
    event.clipboardData.setData("text/plain", plain(event.target.value));
    event.preventDefault();
  });

  // Takes the last question back into the text box; returns what box, chat and notice are then.
  function undo(chat) {
    const last = chat.findLastIndex((message) => message.role === "user");
    if (last < 0) return ["", chat, ""];
    const page = new DOMParser().parseFromString(chat[last].content[0].text, "text/html");
    return [page.body.textContent, chat.slice(0, last), ""];
  }

  function save(markdown) {
    if (!markdown) return;
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([markdown], { type: "text/markdown" }));
    link.download = "conversation.md";
    link.click();
    URL.revokeObjectURL(link.href);
  }

  function setTheme(theme) {
    document.body.classList.toggle("dark", theme === "dark");
    $("#theme")?.setAttribute("aria-pressed", theme === "dark");
    localStorage.setItem("theme", theme);
  }

  // Names and roles that Gradio's chat lacks: its list of chips is no list, its messages are named by their markup.
  // A new question is brought into view even if the reader had scrolled up, where Gradio leaves it below;
  // a new answer's sentence is lit up.
  let asked = 0;
  let answered = "";
  function mend() {
    const questions = document.querySelectorAll("#chat [data-testid=user]").length;
    const log = $("#chat [role=log]");
    if (questions > asked) log.scrollTo(0, log.scrollHeight);
    asked = questions;
    const reply = [...document.querySelectorAll("#chat [data-testid=bot]")].at(-1);
    if (!reply || reply.querySelector(".answer, .note:not(.waiting)")) {
      const link = reply?.querySelector("blockquote.cite a.cite") ?? null;
      const now = `${questions} ${link?.hash}`;
      if (now !== answered) show(link);
      answered = now;
    }
    const chips = $("#chat .examples[role=list]");
    chips?.setAttribute("role", "group");
    chips?.setAttribute("aria-label", "Questions to start with");
    for (const message of document.querySelectorAll('#chat [aria-label*="<div class="]')) message.removeAttribute("aria-label");
  }

  function started() {
    const chosen = params.get("__theme") ?? localStorage.getItem("theme");
    if (chosen === "dark" || chosen === "light") setTheme(chosen);
    else $("#theme")?.setAttribute("aria-pressed", document.body.classList.contains("dark"));
    new MutationObserver(mend).observe($("#chat"), { subtree: true, childList: true, attributes: true, attributeFilter: ["aria-label"] });
    mend();
  }

  function askFromAddress() {
    const question = params.get("q");
    if (question?.trim()) ask(question);
  }

  const shared = { submit, focusBox, opened, undo, clear: () => "", save, started, askFromAddress, swap, picked, typed, found, trigger: () => {} };
  window.askTheArticle = shared;
})();
