"""Pictures of an evaluation, drawn as PNG for a light or a dark page."""

import io
import math
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from qa.reports import Picture

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLOURS = {  # Okabe and Ito's, told apart by colour-blind people too; the product stands out
    "bm25": "#999999",
    "dense": "#56B4E9",
    "rrf": "#009E73",
    "late": "#CC79A7",
    "product": "#E69F00",
}
LINE, MARK = "#0072B2", "#D55E00"
PANEL = (4.3, 3.3)  # inches
DOTS_PER_INCH = 110
COLUMNS = 3
TENTHS = [k / 10 for k in range(11)]

Figures = Mapping[str, Any]
Draw = Callable[["Axes", Figures], None]


def draw(results: Figures) -> dict[str, Picture]:
    """Return pictures by name: risk-coverage, reliability and, if methods were ranked, methods."""
    sets = results["data"]
    pictures: dict[str, list[tuple[str, Figures, Draw]]] = {
        "risk-coverage": [(name, data, _risk_coverage) for name, data in sets.items()],
        "reliability": [(name, data, _reliability) for name, data in sets.items()],
        "methods": [
            (f"{name}: {unit}", table, _methods)
            for name, data in sets.items()
            for unit, table in data["retrieval"].items()
        ],
    }
    return {name: picture(panels) for name, panels in pictures.items() if panels}


def picture(panels: Sequence[tuple[str, Figures, Draw]]) -> Picture:
    """Draw panels side by side."""
    return Picture(_png(panels, dark=False), _png(panels, dark=True))


def _png(panels: Sequence[tuple[str, Figures, Draw]], *, dark: bool) -> bytes:
    import matplotlib
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    ink, paper, faint = ("#dfe3e8", "#1b1f24", "#3a414a") if dark else ("#24292f", "#ffffff", "#d9dde2")
    with matplotlib.rc_context(
        {
            "font.size": 9, "axes.spines.top": False, "axes.spines.right": False, "axes.facecolor": paper,
            "text.color": ink, "axes.labelcolor": ink, "xtick.color": ink, "ytick.color": ink,
            "axes.edgecolor": faint, "grid.color": faint, "figure.constrained_layout.hspace": 0.09,
        }
    ):  # fmt: skip
        columns = 2 if len(panels) == 4 else min(COLUMNS, len(panels))  # no lonely fourth
        rows = math.ceil(len(panels) / columns)
        figure = Figure((PANEL[0] * columns, PANEL[1] * rows), dpi=DOTS_PER_INCH, layout="constrained", facecolor=paper)
        FigureCanvasAgg(figure)
        for number, (title, data, paint) in enumerate(panels, start=1):
            axes = figure.add_subplot(rows, columns, number)
            axes.set_title(title, parse_math=False, fontsize=10)
            axes.set_axisbelow(True)
            axes.grid(visible=True, linewidth=0.6)
            paint(axes, data)
        target = io.BytesIO()
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Glyph")  # a file's name may be in a script that the font lacks
            figure.savefig(target, format="png", metadata={"Software": None})
    return target.getvalue()


def _risk_coverage(axes: "Axes", data: Figures) -> None:
    points = data["curves"]["risk_coverage"]
    axes.plot([x for x, _ in points], [y for _, y in points], color=LINE, linewidth=1.8)
    at = min(points, key=lambda point: abs(point[0] - data["curves"]["answered"]))
    axes.plot(at[0], at[1], "o", color=MARK, label=f"threshold: {at[0]:.0%} answered, {at[1]:.1%} of them wrong")
    axes.legend(loc="upper left", frameon=False, fontsize=8)
    highest = max(y for _, y in points)
    axes.set(xlim=(0, 1.01), ylim=(0, max(highest * 1.3, 0.05)), xlabel="share of questions answered (surest first)")
    axes.set_ylabel("share of these answers that is wrong")
    _percent(axes, "xy")


def _reliability(axes: "Axes", data: Figures) -> None:
    bins = data["curves"]["reliability"]
    counts = sorted({count for *_, count in bins})
    words = f"as it is ({len(bins)} points of {' or '.join(map(str, counts))} questions)"
    axes.plot([0, 1], [0, 1], "--", color="#8a929b", linewidth=1, label="confidence as it should be")
    axes.plot(
        [sure for sure, *_ in bins], [share for _, share, _ in bins], "o-", color=LINE, linewidth=1.4, label=words
    )
    axes.legend(loc="upper left", frameon=False, fontsize=8)
    axes.set(xlim=(-0.02, 1.03), ylim=(0, 1.25), yticks=TENTHS[::2], xlabel="confidence", ylabel="share that is right")
    _percent(axes, "xy")


def _methods(axes: "Axes", table: Figures) -> None:
    names = list(table)
    values = [table[name]["hit@1"] for name in names]
    places = range(len(names))[::-1]
    reach = [[v["value"] - v["low"] for v in values], [v["high"] - v["value"] for v in values]]
    colours = [COLOURS.get(name, LINE) for name in names]
    axes.barh(
        places, [v["value"] for v in values], xerr=reach, color=colours, ecolor="#5f6770", capsize=3, height=0.66
    )  # fmt: skip
    labels = [f"{name}  {value['value']:.1%}" for name, value in zip(names, values, strict=True)]
    axes.set_yticks(list(places), labels)
    axes.set(xlim=(0, 1.01), xlabel=f"hit@1 and its 95% interval, {values[0]['count']} questions")
    axes.grid(visible=False, axis="y")
    _percent(axes, "x")


def _percent(axes: "Axes", which: str) -> None:
    from matplotlib.ticker import PercentFormatter

    for name in which:
        (axes.xaxis if name == "x" else axes.yaxis).set_major_formatter(PercentFormatter(1, decimals=None))
