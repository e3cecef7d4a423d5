// Runs in the article's component: `watch` and `trigger` are Gradio's.
window.askTheArticle.open = (article) => trigger("open", { article });
watch("value", window.askTheArticle.opened);
window.askTheArticle.opened();
