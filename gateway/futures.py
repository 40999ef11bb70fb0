"""Futures that lead to futures, so that nobody holds a thread while a group commit is under way."""

from collections.abc import Callable
from concurrent.futures import Future
from typing import Any


def chain(first: Future[Any], then: Callable[[Any], Any]) -> Future[Any]:
    """Return a future that ends with what ``then`` makes of the first one's value, or with the first error.

    ``then`` may itself answer with a future. It runs in the thread that ended the first one: keep it short.
    """
    last: Future[Any] = Future()

    def forward(done: Future[Any]) -> None:
        try:
            value = then(done.result())
        except BaseException as wrong:  # every error belongs to whoever waits
            last.set_exception(wrong)
            return
        if isinstance(value, Future):
            value.add_done_callback(settle)
        else:
            last.set_result(value)

    def settle(inner: Future[Any]) -> None:
        wrong = inner.exception()
        if wrong is None:
            last.set_result(inner.result())
        else:
            last.set_exception(wrong)

    first.add_done_callback(forward)
    return last
