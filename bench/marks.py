"""What the figures of several rounds tell: medians, spreads, ratios within a round, and whether a mark is met."""

import dataclasses
import statistics

FEWEST_ROUNDS = 3  # to conclude anything from
TRIMMED_FROM = 5   # from so many on, the least and the greatest value are not looked at: each may be a disturbed round


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


def together(slices):
    """The figures of one round, from those of its slices, which had equally many requests."""
    return {"rps": statistics.harmonic_mean([one["rps"] for one in slices]), "cpu": statistics.mean(one["cpu"] for one in slices),
            **{figure: statistics.median(one[figure] for one in slices) for figure in ("p50", "p99")}}


def undisturbed(values):
    return sorted(values)[1:-1] if len(values) >= TRIMMED_FROM else values


def verdict(mark, values):
    """"met", "goal met", "not met", "reported"; or why nothing can be concluded."""
    if not values:
        return "not measured"
    if not mark.is_bound:
        return "reported"
    if len(values) < FEWEST_ROUNDS:
        return f"too few rounds: {len(values)}"
    median = statistics.median(values)
    is_kept = mark.keeps(median)
    rest = Spread.of(undisturbed(values))
    if mark.keeps(rest.least) != is_kept or mark.keeps(rest.most) != is_kept:
        return "cannot tell: the rounds lie on both sides"
    apart = (rest.most - rest.least) / median
    if apart > mark.widest:
        return f"cannot tell: the rounds are {apart:.0%} apart"
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
