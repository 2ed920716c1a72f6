"""A Celery application: its worker imports this file, and as a program it sends three tasks and prints what became of them."""

import os

import celery

URL = f"redis+socket://celery:celery-example@{os.environ['APPLICATION_SOCKET']}"
app = celery.Celery("celery_job", broker=URL, backend=URL)


@app.task(name="multiply")
def multiply(one, other):
    return one * other


@app.task(name="trespass")
def trespass():
    return app.backend.client.get("others:key")


if __name__ == "__main__":
    for sent in (multiply.delay(6, 7), multiply.delay(60, 70), trespass.delay()):
        print(sent.get(timeout=float(os.environ["APPLICATION_DEADLINE"]), propagate=False))
