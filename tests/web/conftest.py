from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.end_to_end.running import Aside
from tests.web.stage import Stage, stage


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """One for each file: while the browser's driver runs, no test of this process can have a loop of its own."""
    aside = Aside()
    with stage(tmp_path_factory.mktemp("pages"), aside) as ready:
        yield ready
    aside.close()
