"""Surrogates on the Hugging Face hub: ``hf://owner/name`` and ``hf://owner/name@revision``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from neurop.errors import ExternalFailure, InputError
from neurop.extras import advice
from neurop.model_folder import CARD, WEIGHTS
from neurop.sharing.archive import MOST_CARD, MOST_WEIGHTS

PREFIX = "hf://"
PACKAGE = "huggingface_hub"
_NAME = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")
_REVISION = re.compile(r"[\w.-]+(/[\w.-]+)*")


@dataclass(frozen=True)
class Place:
    """A repository on the hub: owner and name, and a branch, tag or commit.

    Examples
    --------
    >>> Place.of("hf://ada/burgers-fno@v1")
    Place(repository='ada/burgers-fno', revision='v1')
    """

    repository: str
    revision: str | None = None

    @classmethod
    def of(cls, text: str) -> Place:
        """Return the repository that a text names.

        Raises
        ------
        InputError
            If it is not of the form ``hf://owner/name[@revision]``.
        """
        name, at, revision = text.removeprefix(PREFIX).partition("@")
        good = is_repository(name) and (not at or _REVISION.fullmatch(revision))
        if not good or ".." in revision:
            raise InputError.of("path", text, "need hf://owner/name or hf://owner/name@revision")
        return cls(name, revision or None)


def is_repository(name: str) -> bool:
    """Return whether a text is a name ``owner/name`` that the hub accepts.

    Examples
    --------
    >>> is_repository("ada/burgers-fno"), is_repository("burgers-fno")
    (True, False)
    """
    return bool(_NAME.fullmatch(name)) and "--" not in name and ".." not in name


def download(text: str) -> Path:
    """Return the folder of a surrogate from the hub; its two files are fetched, no other.

    They are kept in the cache of the hub's client (``HF_HOME``), from which they are taken if the
    hub cannot be reached. ``HF_ENDPOINT`` names another hub, ``HF_TOKEN`` the account.

    Raises
    ------
    InputError
        If the package is missing, or the repository, the revision or a file of it, or if a file is
        larger than a surrogate can be.
    ExternalFailure
        If the hub cannot be reached and the cache lacks the files.
    """
    place = Place.of(text)
    hub = client(text)
    try:
        with reporting(hub, "path", text):
            commit = _checked(hub, text, place)
            files = [
                hub.hf_hub_download(place.repository, name, revision=commit)
                for name in (WEIGHTS, CARD)
            ]
    except ExternalFailure as failure:
        try:
            files = [
                hub.hf_hub_download(
                    place.repository, name, revision=place.revision, local_files_only=True
                )
                for name in (WEIGHTS, CARD)
            ]
        except hub.errors.LocalEntryNotFoundError:
            raise failure from None
    return Path(files[1]).parent


def client(value: str, key: str = "path") -> Any:
    """Return the module of the hub's client; raise InputError if it is not installed."""
    try:
        import huggingface_hub
        import huggingface_hub.errors
    except ImportError as error:
        remedy = f"needs the package {PACKAGE}: {advice(PACKAGE)}"
        raise InputError.of(key, value, remedy) from error
    return huggingface_hub


@contextmanager
def reporting(hub: Any, key: str, value: str) -> Iterator[None]:
    """Translate the errors of the hub's client.

    Raises
    ------
    InputError
        If the hub refuses a request.
    ExternalFailure
        If the hub cannot be reached or fails.
    """
    errors = hub.errors
    try:
        yield
    except errors.GatedRepoError as error:
        remedy = "access has to be granted first; ask for it on the page of the repository"
        raise InputError.of(key, value, remedy) from error
    except errors.RepositoryNotFoundError as error:
        remedy = "no such repository, or a private one; check the name, or log in: hf auth login"
        raise InputError.of(key, value, remedy) from error
    except errors.RevisionNotFoundError as error:
        raise InputError.of(key, value, "no such revision; give a branch, tag or commit") from error
    except errors.LocalEntryNotFoundError as error:
        raise ExternalFailure(_unreachable(value, error)) from error
    except errors.EntryNotFoundError as error:
        remedy = f"the repository has no {CARD} and {WEIGHTS}, so it is no surrogate of neurop"
        raise InputError.of(key, value, remedy) from error
    except errors.HfHubHTTPError as error:
        status = error.response.status_code
        if status in (401, 403):
            remedy = f"the hub refuses it ({status}); log in with a token that may: hf auth login"
            raise InputError.of(key, value, remedy) from error
        raise ExternalFailure(f"{value}: the hub failed ({status}); try again later") from error
    except (errors.HTTPError, ConnectionError, TimeoutError) as error:
        raise ExternalFailure(_unreachable(value, error)) from error


def _unreachable(value: str, error: Exception) -> str:
    cause = (str(error) or type(error).__name__).splitlines()[0]
    return f"{value}: the hub cannot be reached ({cause:.120}); check the network and HF_ENDPOINT"


def _checked(hub: Any, text: str, place: Place) -> str:
    """Return the commit of a revision, after a check of the sizes of both files."""
    commit = place.revision
    for name, most in ((CARD, MOST_CARD), (WEIGHTS, MOST_WEIGHTS)):
        address = hub.hf_hub_url(place.repository, name, revision=commit)
        found = hub.get_hf_file_metadata(address)
        if found.size is None or found.size > most:
            what = f"{name} has {found.size or 'an unknown number of'} bytes, at most {most} are read"
            raise InputError.of("path", text, f"{what}; do not use it")
        commit = found.commit_hash or commit
    assert commit is not None
    return commit
