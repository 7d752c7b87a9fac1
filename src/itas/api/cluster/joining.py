"""The door to a cluster that costs nothing where there is none."""

import contextlib
from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING

from itas.api.cluster.job import Job, Paid
from itas.api.cluster.place import check_where
from itas.models.pool import ModelPool

if TYPE_CHECKING:
    from itas.api.cluster.coordinator import Cluster

__all__ = ["check_where", "work_on"]


@contextlib.asynccontextmanager
async def work_on(where: str | None, job: Job, models: ModelPool) -> "AsyncGenerator[Cluster | None]":
    """The cluster while the block runs; None where this process does the work itself.

    Afterwards its `paid` says what the whole run has paid, by the ledger at least: a worker that was lost can tell
    nothing any more.
    """
    if where is None:
        yield None
        return
    from itas.api.cluster.coordinator import open_cluster

    before = Paid.of(models.budget)
    async with open_cluster(where, job) as cluster:
        yield cluster
    totals = await models.store.totals(job.ledger)
    ledger = Paid(totals.samples, totals.spent + totals.uncertain, totals.uncertain)
    cluster.paid = cluster.paid.plus(before).at_least(ledger)
