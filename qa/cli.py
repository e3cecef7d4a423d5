"""The ``qa`` command: what can be done from a terminal, and how errors end it."""

import logging
import sys
from collections.abc import Callable, Sequence
from typing import Annotated

import typer

from qa.commands import asking, feedback, indexing, measuring, receipts, serving
from qa.errors import AskError, GateError, LabelError

app = typer.Typer(
    help="Ask an article a question; get the very sentence that answers it, or an honest no.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


@app.callback()
def configure(
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Say what is going on, on standard error.")] = False,
) -> None:
    """Ask an article a question; get the very sentence that answers it, or an honest no."""
    logging.basicConfig(level=logging.INFO if verbose else logging.WARNING, format="qa: %(message)s")
    if not verbose:
        for name in ("pypdf", "huggingface_hub.utils._http"):  # they remark on flaws that they cope with, on each try
            logging.getLogger(name).setLevel(logging.ERROR)


app.command()(asking.ask)
app.command()(asking.show)
app.command()(serving.chat)
app.command()(indexing.index)
app.command("eval")(measuring.evaluate)
app.command()(receipts.verify)
app.command()(receipts.faq)
app.command()(feedback.insights)
app.add_typer(feedback.group, name="feedback")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command; errors that are a person's to mend end it with one line and code 2."""
    try:
        code = app(arguments, standalone_mode=False)
        if isinstance(code, int) and code:  # what a command that stopped with ``typer.Exit`` gave as its code
            raise SystemExit(code)
    except AskError as error:
        from qa.lines import flat, printable

        # It may repeat what a server or a file's name says, which a terminal must not take for commands.
        told = str(error) if isinstance(error, GateError | LabelError) else flat(str(error))
        sys.stderr.write("\n".join(map(printable, f"qa: {told}".splitlines())) + "\n")  # those two list several
        raise SystemExit(2) from None
    except typer.Abort:
        raise SystemExit(130) from None
    except Exception as error:
        # Typer's own usage errors know how to show themselves.
        shown: Callable[[], None] | None = getattr(error, "show", None)
        if shown is None:
            raise
        shown()
        raise SystemExit(2) from None
    except KeyboardInterrupt:
        raise SystemExit(130) from None
