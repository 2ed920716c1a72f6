"""The figures as tables that can be read in a terminal and stand in Markdown, and as JSON."""

import cases
from marks import Spread, judged, ratios

BUSY = 0.1  # of the cores: more than that for others is told


def number(value):
    """Three figures, or all before the point."""
    if value >= 10_000:
        return f"{value:,.0f}"
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}" if value >= 0.1 else f"{value:.3f}"


def spread(found):
    return f"{number(found.median)} ({number(found.least)}–{number(found.most)})"


def table(titles, rows):
    """Markdown whose columns stand below each other."""
    cells = [titles, *rows]
    widths = [max(len(row[column]) for row in cells) for column in range(len(titles))]
    line = lambda row: "| " + " | ".join(text.ljust(width) for text, width in zip(row, widths)) + " |"
    return "\n".join([line(titles), "|" + "|".join("-" * (width + 2) for width in widths) + "|", *map(line, rows)])


def ratio(case, name, other, figure="cpu"):
    if name not in case or other not in case or name == other:
        return ""
    return f"{Spread.of(ratios(case[name][figure], case[other][figure])).median:.2f}"


def of_case(case, seen):
    """Its table; `seen` is {subject: {figure: [of each round]}}."""
    floor = cases.TLS_FLOOR if cases.TLS_FLOOR in case.subjects else cases.FLOOR
    rows = []
    for name, figures in seen.items():
        found = {figure: Spread.of(values) for figure, values in figures.items()}
        rows.append([name, spread(found["rps"]), number(found["p50"].median), number(found["p99"].median), spread(found["cpu"]),
                     ratio(seen, name, floor), ratio(seen, case.compared, name)])
    return table([case.title, "requests/s", "p50 ms", "p99 ms", "CPU µs/request", "÷ floor", f"{case.compared} ÷ it"], rows)


def of_idle(seen):
    rows = [[name, spread(Spread.of(found["connection"])), spread(Spread.of(found["resident"]))] for name, found in seen.items()]
    return table(["idle", "KiB/connection", "resident MiB at start"], rows)


def bound(mark):
    if not mark.is_bound:
        return ""
    return (f"≤ {mark.at_most:g}" if mark.at_most is not None else f"≥ {mark.at_least:g}") + (f" (goal {mark.goal:g})" if mark.goal is not None else "")


def of_marks(figures):
    rows = [[mark.text, bound(mark), spread(found) if found else "", said] for mark, found, said in judged(cases.MARKS, figures)]
    return table(["mark", "bound", "median (least–most)", ""], rows)


def of_machine(run):
    yield ", ".join(f"{what} {which}" for what, which in run["machine"].items()) + "."
    yield f"Rounds: {run['rounds']}; requests of a round: from {run['requests']:,}. Other processes took {run['others']:.0%} of the cores."
    if run["others"] > BUSY:
        yield "The machine had other work: trust the ratios no further than their spread."
    if "workers" in run["figures"] and run["machine"]["cores"] < 6:
        yield f"With {run['machine']['cores']} cores for load, proxy and server together, a second worker has little to run on."
    yield from (f"Not measured: {what}." for what in run["missing"])


def text(run):
    """Everything of a run, which is what write_json() writes."""
    figures = run["figures"]
    parts = ["\n".join(of_machine(run))]
    parts += [of_case(case, figures[case.name]) for case in cases.CASES if case.name in figures]
    if cases.IDLE in figures:
        parts.append(of_idle(figures[cases.IDLE]))
    return "\n\n".join([*parts, of_marks(figures)]) + "\n"


def as_json(run):
    """The run with its marks, for programs."""
    rows = [{"mark": mark.text, "at_most": mark.at_most, "at_least": mark.at_least, "goal": mark.goal, "verdict": said,
             "median": found and found.median, "least": found and found.least, "most": found and found.most}
            for mark, found, said in judged(cases.MARKS, run["figures"])]
    return {**run, "marks": rows}


# For the README: who costs what, in one table, and the marks.
_SHOWN = ("get", "get-16", "set-1k", "set-16", "get-500", "tls", "tls-16")


def summary(run):
    figures = run["figures"]
    shown = [case for case in cases.CASES if case.name in _SHOWN and case.name in figures]
    columns = [name for name in (cases.FLOOR, cases.GATE, cases.TWEMPROXY, cases.HAPROXY, cases.TLS_FLOOR, cases.TLS_GATE, cases.TLS_BOTH,
                                 cases.TLS_HAPROXY, cases.STUNNEL) if any(name in figures[case.name] for case in shown)]
    median = lambda found: number(Spread.of(found["cpu"]).median) if found else ""
    rows = [[case.title, *(median(figures[case.name].get(name)) for name in columns)] for case in shown]
    return "\n\n".join(["\n".join(of_machine(run)), table(["CPU µs/request", *columns], rows), of_marks(figures)]) + "\n"
