"""BibTeX that a BibTeX parser reads, with the works that models and data sets name."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pybtex.database import BibliographyData, parse_string

from neurop import models
from neurop.cli._cards import card, strip_markup
from neurop.sharing.bibliography import REFERENCES, bibtex, entries, identifiers

ROOT = Path(__file__).parents[2]
DATA = sorted(file.stem for file in (ROOT / "conf" / "data").glob("*.yaml"))
KNOWN = parse_string(REFERENCES.read_text(encoding="utf-8"), "bibtex")


def parsed(text: str) -> BibliographyData:
    return parse_string(text, "bibtex")


def words(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.replace("{", "").replace("}", "").casefold()))


@pytest.mark.parametrize("name", sorted(models.REGISTRY.table))
def test_the_paper_of_a_model(name: str) -> None:
    """Author, title and year of the entry are those that the model's citation names."""
    citation = models.REGISTRY.get(name).citation
    (found,) = parsed("\n".join(entries(citation, name))).entries.values()
    author, title = citation.split(" et al., ")
    assert found.persons["author"][0].last_names == [author]
    assert words(title).startswith(words(found.fields["title"]))
    assert re.search(rf"\b{found.fields['year']}\b", citation)
    assert f"arXiv:{found.fields['eprint']}" in citation


@pytest.mark.parametrize("name", [n for n in DATA if n != "file"])
def test_the_works_of_a_data_set(name: str) -> None:
    source = card(name)["Source"]
    found = parsed("\n".join(entries(source, name))).entries.values()
    named = identifiers(source)
    assert named
    assert [f.fields.get("eprint") or f.fields["doi"] for f in found] == named
    for one in found:
        assert one.persons["author"][0].last_names[0] in source
        assert one.fields["year"] in source


def test_every_reference_is_used() -> None:
    texts = [models.REGISTRY.get(name).citation for name in models.REGISTRY.table]
    texts += [card(name).get("Source", "") for name in DATA]
    used = {name for text in texts for name in identifiers(text)}
    there = {
        f.fields.get("eprint") or f.fields["doi"] for k, f in KNOWN.entries.items() if k != "neurop"
    }
    assert there == used


def test_neurop_is_cited_as_in_its_own_file() -> None:
    import yaml

    import neurop

    own = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    found = parsed(bibtex(("fno", ""), ("waves", ""))).entries["neurop"]
    assert words(found.fields["title"]) == words(own["title"])
    assert [str(p) for p in found.persons["author"]] == [f"{{{own['authors'][0]['name']}}}"]
    assert found.fields["note"] == f"Version {neurop.__version__}"


def test_a_citation_that_neurop_does_not_know() -> None:
    text = "Müller & Söhne, 50 % of {all} $flows$ #1_a \\ ~, 2026, doi:10.1000/a_b."
    made = bibtex(("my model", text), ("my@data", "Ada, Waves, arXiv:9999.99999"))
    found = parsed(made)
    assert list(found.entries) == ["model-my-model", "data-my-data", "neurop"]
    assert found.entries["model-my-model"].fields["note"].startswith(r"Müller \& Söhne, 50 \% of")
    assert "@data" not in made


def test_a_work_of_model_and_data_is_listed_once() -> None:
    text = "Li et al., arXiv:2010.08895"
    made = bibtex(("fno", text), ("darcy", strip_markup(card("darcy")["Source"])))
    assert list(parsed(made).entries) == ["li2021fno", "neurop"]
    assert "% data: darcy; a work above" in made


def test_nothing_is_invented() -> None:
    made = bibtex(("mine", ""), ("waves.npz", ""))
    assert list(parsed(made).entries) == ["neurop"]
    assert "% data: waves.npz; no reference is known" in made
