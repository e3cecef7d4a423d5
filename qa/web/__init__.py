"""The web chat and the HTTP API; nothing here is imported by the rest of the package."""

import os

# Gradio reads this when a page is built, and would otherwise report its use to its makers.
os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
