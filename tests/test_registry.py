"""Names of classes: unique, imported when asked for, errors in one line."""

from __future__ import annotations

import subprocess
import sys
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any

import own_package
import pytest

from neurop import constraints, models, objectives, problems, transforms
from neurop.errors import InputError
from neurop.registry import Registry, Spec, trust_packages

TABLE = {"fraction": "fractions:Fraction", "Counter": "collections:Counter"}


@pytest.fixture
def registry() -> Registry:
    return Registry("number", TABLE, "neurop.tests")


def refused(call: Any, *arguments: Any) -> InputError:
    with pytest.raises(InputError) as caught:
        call(*arguments)
    assert "\n" not in str(caught.value)
    return caught.value


@pytest.mark.parametrize("name", ["fraction", "Fraction", "FRACTION"])
def test_case_does_not_matter(registry: Registry, name: str) -> None:
    assert registry.get(name) is Fraction
    assert registry.create({"name": name, "arguments": {"denominator": 4}}, 3) == Fraction(3, 4)
    assert registry.name_of(Fraction) == "fraction"
    assert registry.names() == ["counter", "fraction"]
    assert Spec(name) == Spec("fraction")


def test_an_unknown_name_has_a_nearest_one(registry: Registry) -> None:
    error = refused(registry.create, "fractoin")
    assert (error.key, error.value) == ("number", "fractoin")
    assert str(error).endswith("did you mean 'fraction'?")
    assert "choose from counter, fraction" in str(refused(registry.get, "x" * 9))


def test_arguments_that_a_class_refuses(registry: Registry) -> None:
    error = refused(registry.create, Spec("fraction", {"nominator": 1}))
    assert str(error).startswith("number fraction: ")
    assert "nominator" in str(error)
    # An argument that the caller gives cannot come from the spec too.
    assert refused(lambda: registry.create(Spec("fraction", {"denominator": 1}), denominator=2))


def test_a_class_of_ones_own(registry: Registry) -> None:
    @registry.register("Half")
    class Half:
        pass

    assert registry.get("half") is Half
    assert registry.name_of(Half) == "half"
    assert registry.names() == ["counter", "fraction", "half"]
    assert registry.module_of("half") == __name__
    assert registry.distribution_of("half") == __name__.partition(".")[0]
    assert registry.register("half")(Half) is Half
    for name in ("HALF", "Fraction"):
        error = refused(registry.register(name), type("Other", (), {}))
        assert (error.key, error.value) == ("name", name)
    assert registry.get("fraction") is Fraction
    assert registry.get("half") is Half


def test_the_librarys_own_have_no_distribution(registry: Registry) -> None:
    assert registry.distribution_of("Fraction") is None
    assert registry.module_of("Fraction") is None


def test_an_unregistered_class_has_no_name(registry: Registry) -> None:
    assert "@REGISTRY.register('path')" in str(refused(registry.name_of, Path))


def test_an_installed_class(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(own_package.installed(tmp_path, "Theirs", "theirpkg"))
    found = Registry("model", {}, "neurop.models")
    assert "theirs" in found.names()
    assert "theirpkg" not in sys.modules
    kind = found.get("THEIRS")
    assert kind.__module__ == "theirpkg.net"
    assert Registry("model", {}, "neurop.models").name_of(kind) == "theirs"
    assert found.distribution_of("theirs") == "theirpkg-dist"
    assert refused(Registry("model", {}, "neurop.models").register("theirs"), Path).key == "name"


def test_two_packages_of_one_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for package in ("onepkg", "twopkg"):
        monkeypatch.syspath_prepend(own_package.installed(tmp_path / package, "same", package))
    line = str(refused(Registry("model", {}, "neurop.models").get, "same"))
    assert line == "model 'same' is claimed by onepkg-dist and twopkg-dist; uninstall one of them"


def test_an_installed_class_that_cannot_be_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(own_package.installed(tmp_path, "broken", "brokenpkg"))
    (tmp_path / "brokenpkg" / "net.py").write_text("import no_such_dependency\n")
    line = str(refused(Registry("model", {}, "neurop.models").get, "broken"))
    assert line.endswith("brokenpkg.net:Mine: No module named 'no_such_dependency'")


def test_nested_specs_return_as_they_were() -> None:
    inner = {"name": "fno", "arguments": {"modes": [4, 4]}}
    plain = {"name": "boosted", "arguments": {"base": inner, "experts": [inner, 3], "rate": 0.1}}
    spec = Spec.from_dict(plain)
    fno = Spec("fno", {"modes": [4, 4]})
    assert spec == Spec("boosted", {"base": fno, "experts": [fno, 3], "rate": 0.1})
    assert spec.to_dict() == plain
    # A mapping of other keys is a value.
    other = {"name": "u", "unit": "m"}
    assert Spec.from_dict({"name": "a", "arguments": {"b": other}}).arguments["b"] == other


MALFORMED = [
    None,
    [],
    3,
    {},
    {"arguments": {}},
    {"name": "fno", "arguments": {}, "more": 1},
    {"name": None},
    {"name": ""},
    {"name": ["fno"]},
    {"name": "fno", "arguments": None},
    {"name": "fno", "arguments": [1]},
    {"name": "fno", "arguments": {1: 2}},
    {"name": "a", "arguments": {"b": {"name": 1, "arguments": {}}}},
]


@pytest.mark.parametrize("plain", MALFORMED, ids=repr)
def test_what_is_no_spec(registry: Registry, plain: Any) -> None:
    refused(Spec.of, plain)
    refused(registry.create, plain)


def test_a_file_imports_nothing_that_is_not_trusted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(own_package.importable(tmp_path, "farpkg"))
    found = Registry("model", {}, "neurop.tests")
    require = partial(found.require, "ours", "far-dist")
    for module in ("farpkg.net; import os", "../farpkg", "farpkg/net", "", None, 3, ["farpkg.net"]):
        assert str(refused(require, module)).startswith("no model 'ours'; ")
    line = "the model 'ours' is of the package 'far-dist'; install it or, if you trust it, add "
    assert str(refused(require, "farpkg.net")) == f"{line}trust=[farpkg]"
    assert "'farpkg'" in str(refused(found.require, "ours", ["far"], "farpkg.net"))
    assert "in a script" in str(refused(require, "__main__"))
    # A package whose name only begins alike is another one.
    (tmp_path / "far.py").write_text("")
    trust_packages("far")
    refused(require, "farpkg.net")
    assert not any(name.startswith("farpkg") for name in sys.modules)
    # What is trusted, but does not register the name, is no model either.
    trust_packages("farpkg")
    refused(require, "farpkg.net")
    assert "farpkg.net" in sys.modules
    monkeypatch.delitem(models.REGISTRY._registered, "mine")


def test_trust_names_an_absent_package() -> None:
    error = refused(trust_packages, ["json", "no_such_package"])
    assert (error.key, error.value) == ("trust", "no_such_package")


def test_an_error_of_a_trusted_package_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "half_installed.py").write_text("import no_such_dependency\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ModuleNotFoundError, match="no_such_dependency"):
        trust_packages("half_installed")


@pytest.mark.parametrize("room", [models, constraints, transforms, objectives, problems])
def test_every_name_of_the_library_is_there(room: Any) -> None:
    assert room.REGISTRY.table
    for name in room.REGISTRY.table:
        assert room.REGISTRY.name_of(room.REGISTRY.get(name)) == name


def test_names_of_models_cost_no_import() -> None:
    code = (
        "import sys, neurop.models as m; assert len(m.REGISTRY.names()) >= 6 and dir(m);"
        "print({'torch', 'numpy'} & {*sys.modules}, [n for n in sys.modules if 'models.' in n])"
    )
    done = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True)
    assert done.stdout == "set() []\n", done.stderr


def test_a_saved_surrogate_loads_without_what_it_does_not_use() -> None:
    card = Path(__file__).parent / "cards" / "format_1" / "fno"
    code = (
        f"import sys, torch; before = {{*sys.modules}}; import neurop; neurop.load({str(card)!r});"
        "new = {*sys.modules} - before;"
        "print({'xarray', 'pandas', 'scipy', 'lightning', 'matplotlib', 'h5py', 'hydra'} & new,"
        "'neurop.models.sfno' in new, 'neurop.models.fno' in new)"
    )
    done = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True)
    assert done.stdout == "set() False True\n", done.stderr
