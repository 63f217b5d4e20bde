"""Stored results of a comparison, grouped by table row."""

from __future__ import annotations

import dataclasses
import json
import statistics
from collections.abc import Callable
from pathlib import Path

from ..catalogue import CatalogueError
from ..heads import HEADS
from .settings import CompareConfig


@dataclasses.dataclass
class Row:
    """All seeds of one table row."""

    name: str
    head: str
    results: list[dict]

    @property
    def title(self) -> str:
        """The system's name; that of the row too where its settings are its own."""
        title = HEADS[self.head].title
        return title if self.name == self.head else f"{title}: {self.name}"

    @property
    def fused(self) -> bool:
        """Whether it looks at both modalities."""
        return all(HEADS[self.head].sees)

    @property
    def tasks(self) -> list[str]:
        """In the order of the tables."""
        return list(self.results[0]["conditions"]["complete"])

    @property
    def config(self) -> dict:
        """Settings, those of the first seed."""
        return self.results[0]["config"]

    def options(self, budget: dict) -> dict:
        """Settings that differ from `budget`, the settings of the rows without any of their own."""
        return {key: value for key, value in self.config.items() if budget.get(key) != value}

    def values(self, read: Callable[[dict], float]) -> list[float]:
        """One number per seed."""
        return [read(result) for result in self.results]

    def mean(self, read: Callable[[dict], float]) -> float:
        """Mean over seeds."""
        return statistics.fmean(self.values(read))

    def deviation(self, read: Callable[[dict], float]) -> float:
        """Sample standard deviation over seeds; 0 with a single one."""
        values = self.values(read)
        return statistics.stdev(values) if len(values) > 1 else 0.0


def figure(condition: str, task: str, metric: str) -> Callable[[dict], float]:
    """Reads one figure of a result; NaN where it is not there."""
    return lambda result: result["conditions"][condition][task].get(metric, float("nan"))


def task_mean(condition: str, metric: str = "accuracy") -> Callable[[dict], float]:
    """Reads a figure's mean over the tasks."""
    return lambda result: statistics.fmean(task.get(metric, float("nan")) for task in result["conditions"][condition].values())


def read_results(source: Path) -> list[dict]:
    """From a folder of results, or from the one file they were put into. Raises CatalogueError where they do not belong together."""
    if source.is_file():
        results = json.loads(source.read_text("utf-8"))["results"]
    else:
        results = [json.loads(path.read_text("utf-8")) for path in sorted(source.glob("*.json"))]
    if not results:
        raise CatalogueError(f"{source} holds no results")
    for key in ("towers", "rows"):
        if len({result[key] for result in results}) > 1:
            raise CatalogueError(f"the results in {source} were made with different {key}; one table must not mix them")
    return results


def group_rows(results: list[dict]) -> list[Row]:
    """Table rows: systems in the order of HEADS, each followed by its rows with settings of their own."""
    rows: dict[str, Row] = {}
    for result in results:
        rows.setdefault(result["name"], Row(result["name"], result["head"], [])).results.append(result)
    order = list(HEADS)
    return sorted(rows.values(), key=lambda row: (order.index(row.head), row.name != row.head, row.name))


def common_budget(rows: list[Row]) -> dict:
    """The settings of the rows without settings of their own. Raises CatalogueError where these differ."""
    budgets = [result["config"] for row in rows if row.name == row.head for result in row.results]
    if any(budget != budgets[0] for budget in budgets):
        raise CatalogueError("rows without a name of their own have to share their settings")
    return budgets[0] if budgets else dataclasses.asdict(CompareConfig())
