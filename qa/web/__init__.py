"""The web chat and the HTTP API; nothing here is imported by the rest of the package."""

import os

# Gradio reads this when a page is built, and would otherwise report its use to its makers.
os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
# Even then, Gradio sums up its last events after each one, at the cost of the readers; this puts it off for good.
os.environ["GRADIO_ANALYTICS_CACHE_FREQUENCY"] = "1000000000"
