"""Pictures of what a log tells, drawn as PNG for a light or a dark page."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING

from qa.evaluation.plots import Draw, Figures, picture
from qa.reports import Picture

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from qa.feedback.insights import Insights

KINDS = ("faq", "passage", "none")
BARS = {  # Okabe and Ito's colours, told apart by colour-blind people too
    "faq": ("by FAQ", "#009E73"),
    "passage": ("from the article", "#56B4E9"),
    "none": ("refused", "#D55E00"),
    "answered": ("answered", "#0072B2"),
    "refused": ("refused", "#D55E00"),
}
MAX_DAYS = 92  # bars that can be told apart; beyond, months are shown


def draw(insights: "Insights") -> Picture:
    """Return a picture: questions over time, and how sure the answers were."""
    panels: list[tuple[str, Figures, Draw]] = [
        ("Questions a day" if len(_days(insights.days)) <= MAX_DAYS else "Questions a month", insights.days, _time),
        ("How sure", insights.confidences, _confidence),
    ]
    return picture(panels)


def _days(counts: Figures) -> list[str]:
    """Return every day from the first to the last."""
    if not counts:
        return []
    first, last = date.fromisoformat(min(counts)), date.fromisoformat(max(counts))
    return [(first + timedelta(n)).isoformat() for n in range((last - first).days + 1)]


def _time(axes: "Axes", counts: Figures) -> None:
    days = _days(counts)
    stretch = len("2026-01-31" if len(days) <= MAX_DAYS else "2026-01")
    bars: dict[str, dict[str, int]] = {day[:stretch]: dict.fromkeys(KINDS, 0) for day in days}
    for day, kinds in counts.items():
        for kind in KINDS:
            bars[day[:stretch]][kind] += kinds.get(kind, 0)
    _stack(axes, range(len(bars)), {kind: [bar[kind] for bar in bars.values()] for kind in KINDS}, width=0.8)
    shown = range(0, len(bars), max(1, -(-len(bars) // 4)))  # as many labels as there is room for
    axes.set_xticks(list(shown), [list(bars)[place] for place in shown], fontsize=8)
    axes.set_xlim(-0.6, max(len(bars), 5) - 0.4)  # a single bar shall not fill the plot
    axes.grid(visible=False, axis="x")


def _confidence(axes: "Axes", bins: Figures) -> None:
    count = len(bins["answered"])
    _stack(axes, [(n + 0.5) / count for n in range(count)], bins, width=0.9 / count)
    axes.set(xlim=(0, 1), xlabel="confidence")


def _stack(axes: "Axes", places: Sequence[float], heights: Mapping[str, Sequence[int]], width: float) -> None:
    """Draw bars upon each other, of a colour for each kind of answer."""
    from matplotlib.ticker import MaxNLocator

    below = [0] * len(places)
    for kind, found in heights.items():
        words, colour = BARS[kind]
        axes.bar(places, found, bottom=below, color=colour, label=words, width=width)
        below = [low + height for low, height in zip(below, found, strict=True)]
    axes.set(ylim=(0, max([1, *below]) * 1.3), ylabel="questions")
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    axes.legend(loc="upper left", frameon=False, fontsize=8, ncols=3)
