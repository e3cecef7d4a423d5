"""How likely an answer is right: a logistic model over named signals, fitted by the evaluation.

The model is data, a small JSON file that says what it was fitted on; ``qa eval --fit`` writes it.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from qa.errors import SettingsError

SHIPPED = Path(__file__).parent / "calibration.json"


@dataclass(frozen=True, slots=True)
class Logistic:
    """1 / (1 + exp(-(intercept + Σ weight·signal)))."""

    intercept: float
    weights: Mapping[str, float]

    def score(self, signals: Mapping[str, float]) -> float:
        """Return the log-odds; a signal that the model does not name is not looked at."""
        return self.intercept + sum(weight * signals[name] for name, weight in self.weights.items())

    def probability(self, signals: Mapping[str, float]) -> float:
        """Return the probability, 0..1."""
        return 1 / (1 + math.exp(-max(-60.0, min(60.0, self.score(signals)))))


@dataclass(frozen=True, slots=True)
class Calibration:
    """What turns signals into confidence, and the least confidence that is an answer.

    Attributes:
        passage: the model for sentences of the article.
        faq: the model for FAQ entries.
        threshold: least confidence of an answer, 0..1.
        provenance: data, counts, model and date of the fit.
    """

    passage: Logistic
    faq: Logistic
    threshold: float
    provenance: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def load(cls, path: str | Path = SHIPPED) -> "Calibration":
        """Read a calibration.

        Raises:
            SettingsError: the file is missing or is not what ``qa eval --fit`` writes.
        """
        from qa.signals import FAQ_SIGNALS, SENTENCE_SIGNALS

        path = Path(path or SHIPPED)
        try:
            values = json.loads(path.read_text(encoding="utf-8"))
            models = {
                name: Logistic(
                    float(values[name]["intercept"]), {key: float(w) for key, w in values[name]["weights"].items()}
                )
                for name in ("passage", "faq")
            }
            loaded = cls(models["passage"], models["faq"], float(values["threshold"]), values["provenance"])
        except OSError as error:
            raise SettingsError(
                f"cannot read calibration {path}: {error.strerror}; make one with: qa eval --fit"
            ) from error
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise SettingsError(f"{path} is no calibration ({error!r}); make one with: qa eval --fit") from error
        for model, known in ((loaded.passage, SENTENCE_SIGNALS), (loaded.faq, FAQ_SIGNALS)):
            unknown = set(model.weights) - set(known)
            if unknown:
                raise SettingsError(f"{path} names unknown signals: {', '.join(sorted(unknown))}; fit it again")
        if not 0 <= loaded.threshold <= 1:
            raise SettingsError(f"{path}: threshold = {loaded.threshold} must be between 0 and 1")
        return loaded

    def least(self, chosen: float | None) -> float:
        """Return the least confidence of an answer: the ``chosen`` one if there is one, or the fitted one."""
        return self.threshold if chosen is None else chosen

    def to_json(self) -> str:
        """Return the file's content."""
        models = {
            name: {
                "intercept": round(model.intercept, 4),
                "weights": {k: round(w, 4) for k, w in model.weights.items()},
            }
            for name, model in (("passage", self.passage), ("faq", self.faq))
        }
        content = {"threshold": round(self.threshold, 4), **models, "provenance": dict(self.provenance)}
        return json.dumps(content, indent=2) + "\n"
