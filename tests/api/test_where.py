"""What is refused before a cluster is started."""

import builtins
from pathlib import Path
from typing import Any

import pytest

from itas.api.cluster.place import check_marks, check_where, machine_mark
from itas.api.cluster.worker import pack, unpack
from itas.api.opening import tightness
from itas.errors import MissingKey, ModelError, SpecError
from itas.models.budget import Budget
from itas.models.pool import ModelPool


def test_a_place_that_is_no_cluster_is_refused():
    with pytest.raises(SpecError, match="--where: is 'ray' or 'ray://ADDRESS', found 'dask'"):
        check_where("dask", "calls.db")


def test_a_store_that_forgets_is_refused_with_the_cure():
    with pytest.raises(SpecError, match="ITAS_STORE"):
        check_where("ray", "memory")


def test_without_the_extra_one_message_names_it(monkeypatch: pytest.MonkeyPatch):
    real = builtins.__import__

    def without(name: str, *rest: Any, **named: Any) -> Any:
        if name == "ray":
            raise ImportError(name)
        return real(name, *rest, **named)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(SpecError, match=r"pip install 'itas\[ray\]'"):
        check_where("ray://auto", "calls.db")


def test_a_file_is_the_store_of_one_machine_only(tmp_path: Path):
    file, other = tmp_path / "calls.db", tmp_path / "other.db"
    file.touch()
    other.touch()
    mine = machine_mark(str(file))
    check_marks(str(file), mine, machine_mark(str(file)), node="n1")
    with pytest.raises(SpecError, match=r"node n1 is another machine.*ITAS_STORE=postgresql://"):
        check_marks(str(file), mine, machine_mark(str(other)), node="n1")
    with pytest.raises(SpecError, match="another machine"):
        check_marks(str(file), mine, machine_mark(str(tmp_path / "none.db")), node="n1")
    shared = "postgresql://ann:hush@db/itas"
    check_marks(shared, machine_mark(shared), machine_mark(shared), node="n1")


def test_an_error_of_a_worker_is_the_same_kind_of_error_here():
    error = unpack(pack(MissingKey("set KEY", provider="openai")))
    assert isinstance(error, MissingKey)
    assert str(error) == "openai: set KEY"
    assert error.exit_code == 2
    assert isinstance(unpack(("SomethingElse", "x")), Exception)
    assert isinstance(unpack(pack(ModelError("x", provider="p"))), ModelError)


def test_what_workers_have_paid_counts_towards_a_cap_that_is_near():
    models = ModelPool(budget=Budget(max_samples=100, max_micro_usd=1000))
    paid = [0, 0]
    alone = tightness(models, samples=10, micro_usd=50)
    with_others = tightness(models, samples=10, micro_usd=50, elsewhere=lambda: (paid[0], paid[1]))
    assert not alone(4)
    assert not with_others(4)
    paid[0] = 60
    assert with_others(4)
    paid[:] = [0, 800]
    assert with_others(4)
    assert not alone(4)
