"""Asks a server for the time: all machines that write to it share its clock."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

import sqlalchemy

from bench.tracking.address import SERVERS, Location
from bench.tracking.opening import ask_version


def server_time(location: Location) -> float:
    """Return seconds since 1970 by the clock of a store's server, or by this machine's if the server gives no time."""
    if urlsplit(location.uri).scheme in SERVERS:
        said = ask_version(location).headers.get("Date")
        now = parsedate_to_datetime(said) if said else None
    else:
        engine = sqlalchemy.create_engine(location.uri)
        with engine.connect() as connection:
            now = connection.execute(sqlalchemy.select(sqlalchemy.func.current_timestamp())).scalar()
        engine.dispose()
    if not isinstance(now, datetime):
        return time.time()
    return (now if now.tzinfo else now.replace(tzinfo=UTC)).timestamp()
