"""What people have chosen for themselves: the language of their pages, "" for the browser's."""

from sqlalchemy import delete, insert, select

from gateway.store.accounts_tables import preferences
from gateway.store.engine import Store, log_of
from gateway.store.spelling import folded


def language_of(store: Store, agent: str) -> str:
    with store.read() as conn:
        its = (preferences.c.log == log_of(conn), preferences.c.agent == folded(agent))
        return str(conn.scalar(select(preferences.c.language).where(*its)) or "")


def choose_language(store: Store, agent: str, language: str) -> None:
    with store.write() as tx:
        its = (preferences.c.log == log_of(tx), preferences.c.agent == folded(agent))
        tx.execute(delete(preferences).where(*its))
        if language:
            row = {"log": log_of(tx), "agent": folded(agent), "language": language}
            tx.execute(insert(preferences), row)
