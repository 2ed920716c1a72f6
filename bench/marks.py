"""What the figures of several rounds tell: medians, spreads, ratios within a round, and whether a mark is met."""

import dataclasses
import statistics

FEWEST_ROUNDS = 3  # to conclude anything from
AGREEING = 0.8     # of the rounds must lie on the side of the mark where the median is


@dataclasses.dataclass(frozen=True)
class Spread:
    median: float
    least: float
    most: float

    @classmethod
    def of(cls, values):
        return cls(statistics.median(values), min(values), max(values)) if values else None


def ratios(numerators, denominators):
    """Round by round; absolute figures drift from one to the next."""
    return [above / below for above, below in zip(numerators, denominators) if below]


def values_of(mark, figures):
    """The values of each round, or none; `figures` is {case: {subject: {figure: [of each round]}}}."""
    case = figures.get(mark.case, {})
    of = case.get(mark.of, {}).get(mark.figure, [])
    return of if mark.to is None else ratios(of, case.get(mark.to, {}).get(mark.figure, []))


def verdict(mark, values):
    """"met", "goal met", "not met"; or why nothing can be concluded."""
    if not values:
        return "not measured"
    if len(values) < FEWEST_ROUNDS:
        return f"too few rounds: {len(values)}"
    median = statistics.median(values)
    is_kept = mark.keeps(median)
    agreeing = sum(mark.keeps(value) == is_kept for value in values)
    if agreeing < AGREEING * len(values):
        return "cannot tell: the rounds lie on both sides"
    if not is_kept:
        return "not met"
    return "goal met" if mark.goal is not None and median <= mark.goal else "met"


def judged(marks, figures):
    """[(mark, spread or None, verdict)]"""
    rows = []
    for mark in marks:
        values = values_of(mark, figures)
        rows.append((mark, Spread.of(values), verdict(mark, values)))
    return rows
