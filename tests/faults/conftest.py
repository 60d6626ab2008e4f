"""A database in which the jurisdictions are entered."""

from collections.abc import Iterator

import pytest

from tests.conftest import Cluster


@pytest.fixture
def entered(cluster: Cluster, entered_template: str) -> Iterator[str]:
    """The conninfo of a database of the test's own, in whose registry every jurisdiction is that ships as a file."""
    conninfo = cluster.create(entered_template)
    yield conninfo
    cluster.drop(conninfo)
