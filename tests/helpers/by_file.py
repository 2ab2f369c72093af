"""Which tests run in one process: those of a file, and of files that share what takes long to make.

``pytest-xdist`` has marks for this, ``xdist_group``; with pytest 9.2 its version 3.8 leaves them unread, and what two
processes share is made in both. Here groups are read off the names of the files, which every version passes on.
"""

from __future__ import annotations

from typing import Any

from xdist.scheduler import LoadScopeScheduling

#: Files that run with another: the certificates of the whole catalogue, and a browser.
WITH = {
    "tests/selfgen/test_tampering.py": "tests/selfgen/test_catalogue.py",
    "tests/selfgen/test_web_report.py": "tests/selfgen/explorer/test_page.py",
}
#: What takes longest, by the processor time of its tests: begun first, so that no process ends with one of them alone.
LONGEST = (
    "tests/selfgen/test_mutations.py",
    "tests/selfgen/test_catalogue.py",
    "tests/test_docs.py",
    "tests/theory/proof/test_changed_numbers.py",
    "tests/test_notebooks.py",
    "tests/selfgen/test_cluster.py",
    "tests/theory/models/test_samples.py",
    "tests/theory/proof/test_coq.py",
    "tests/theory/derivation/test_derivation.py",
    "tests/theory/solver/test_closed_forms.py",
    "tests/numerics/forecasting/test_forecast.py",
    "tests/theory/moments/test_random_sizes.py",
    "tests/theory/solver/test_answers.py",
    "tests/theory/models/test_ridge.py",
    "tests/numerics/run/test_ratio.py",
    "tests/theory/design/test_comparison.py",
    "tests/numerics/test_bent_chain.py",
    "tests/theory/models/test_gaussian_moments.py",
    "tests/theory/proof/test_second_opinion.py",
    "tests/selfgen/test_resume.py",
    "tests/numerics/test_model_laws.py",
    "tests/theory/design/test_pathway.py",
    "tests/numerics/run/test_disk.py",
    "tests/numerics/forecasting/test_measured.py",
)


def group_of(nodeid: str) -> str:
    """The file that a test belongs to, or the one that it runs with."""
    file = nodeid.partition("::")[0]
    return WITH.get(file, file)


class ByFile(LoadScopeScheduling):
    """A process takes one file after another: the longest first, then those with most tests."""

    def _split_scope(self, nodeid: str) -> str:
        return group_of(nodeid)

    def _assign_work_unit(self, node: Any) -> None:
        for file in LONGEST:
            if file in self.workqueue:
                self.workqueue.move_to_end(file, last=False)
                break
        super()._assign_work_unit(node)
