// Runs in the article's component: `watch` and `trigger` are Gradio's, which looks for the events' names here.
const EVENTS = ["open", "adopt", "leave", "all", "explain", "find"];
window.askTheArticle.trigger = (name, data) => EVENTS.includes(name) && trigger(name, data);
watch("value", window.askTheArticle.opened);
window.askTheArticle.opened();
