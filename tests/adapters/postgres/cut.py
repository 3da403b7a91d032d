"""A way to a test's database that runs over a cable."""

from pathlib import Path

from psycopg.conninfo import conninfo_to_dict, make_conninfo


def socket_of(url: str) -> Path:
    return Path(str(conninfo_to_dict(url)["host"])) / ".s.PGSQL.5432"


def through(url: str, port: int) -> str:
    """The same database behind a port on loopback."""
    return make_conninfo(url, host="127.0.0.1", port=port, sslmode="disable", gssencmode="disable")
