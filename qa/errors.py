"""Everything that can go wrong, as one tree.

::

    AskError
    ├── SettingsError     a setting is unknown or out of its range
    ├── ReadError         a file cannot be read as an article
    ├── QuestionError     a question is empty, too long or not text
    ├── EncoderError      the embedding model is missing, altered or unusable
    ├── LabelError        labelled questions are malformed
    ├── GateError         a figure of the evaluation fell below its baseline
    ├── FeedbackError     the log of questions cannot be opened, or what is asked of it makes no sense
    ├── ReceiptError      an answer to verify is malformed
    ├── BusyError         too many questions wait (raised by the web's service)
    ├── GoneError         a visitor's own text is not kept any more (raised by the web's visitors)
    └── NotReadyError     the web's service is still loading, or could not load

Each message is one line and carries the offending value, the limit and the remedy.
"""


class AskError(Exception):
    """The root of all errors that this package raises on purpose."""


class SettingsError(AskError):
    """A setting is unknown or outside of its range."""


class ReadError(AskError):
    """A file cannot be read as an article."""


class QuestionError(AskError):
    """A question is empty, over-long or not text."""


class EncoderError(AskError):
    """The embedding model is missing, altered or unusable."""


class LabelError(AskError):
    """Labelled questions are malformed; the message lists every bad record."""


class GateError(AskError):
    """A figure of the evaluation fell below its baseline, or the baseline does not fit the data."""


class FeedbackError(AskError):
    """The log of questions cannot be opened, or what is asked of it makes no sense."""


class ReceiptError(AskError):
    """An answer to verify is malformed; the message names the first field at fault."""
