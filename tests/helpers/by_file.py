"""Which tests run in one process: those of a file, and of files that share what takes long to make.

``pytest-xdist`` has marks for this, ``xdist_group``; with pytest 9.2 its version 3.8 leaves them unread, and what two
processes share is made in both. Here groups are read off the names of the files, which every version passes on.
"""

from __future__ import annotations

from xdist.scheduler import LoadScopeScheduling

#: Files that run with another: the certificates of the whole catalogue, and a browser.
WITH = {
    "tests/selfgen/test_tampering.py": "tests/selfgen/test_catalogue.py",
    "tests/selfgen/test_web_report.py": "tests/selfgen/explorer/test_page.py",
}


def group_of(nodeid: str) -> str:
    """The file that a test belongs to, or the one that it runs with."""
    file = nodeid.partition("::")[0]
    return WITH.get(file, file)


class ByFile(LoadScopeScheduling):
    """A process takes one file after another, those with most tests first."""

    def _split_scope(self, nodeid: str) -> str:
        return group_of(nodeid)
