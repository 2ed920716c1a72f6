"""Jobs for python3-rq's worker.

rq_job.py enqueue          three jobs; prints their ids
rq_job.py results ID...    prints what each of them returned, or the last line of what it raised
"""

import os
import sys

import redis
import rq

from rq_tasks import multiply, trespass

QUEUE = "numbers"


def enqueue(connection):
    queue = rq.Queue(QUEUE, connection=connection)
    first = queue.enqueue(multiply, 6, 7)
    second = queue.enqueue(multiply, 60, 70, depends_on=first)  # it waits for the first: WATCH, MULTI, EXEC
    return [job.id for job in (first, second, queue.enqueue(trespass))]


def outcome(job):
    return job.latest_result().exc_string.splitlines()[-1] if job.is_failed else job.return_value()


if __name__ == "__main__":
    server = redis.Redis.from_url(os.environ["RQ_REDIS_URL"])
    if sys.argv[1] == "enqueue":
        print(*enqueue(server), sep="\n")
    else:
        print(*(outcome(rq.job.Job.fetch(name, connection=server)) for name in sys.argv[2:]), sep="\n")
