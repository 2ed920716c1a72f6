"""What rq's worker is asked to do."""

import rq


def multiply(one, other):
    return one * other


def trespass():
    return rq.get_current_connection().get("others:key")
