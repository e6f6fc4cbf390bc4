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
            revision = place.revision
            for name, most in ((CARD, MOST_CARD), (WEIGHTS, MOST_WEIGHTS)):
                _check_size(hub, text, Place(place.repository, revision), name, most)
                file = Path(hub.hf_hub_download(place.repository, name, revision=revision))
                revision = file.parent.name  # the commit, so that both files are of one
    except ExternalFailure as failure:
        try:
            for name in (CARD, WEIGHTS):
                found = hub.hf_hub_download(
                    place.repository, name, revision=place.revision, local_files_only=True
                )
                file = Path(found)
        except hub.errors.LocalEntryNotFoundError:
            raise failure from None
    return file.parent


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


def _check_size(hub: Any, text: str, place: Place, name: str, most: int) -> None:
    """Raise InputError if a file is larger than one of a surrogate can be."""
    address = hub.hf_hub_url(place.repository, name, revision=place.revision)
    size = hub.get_hf_file_metadata(address).size
    if size is None or size > most:
        what = f"{name} has {size or 'an unknown number of'} bytes, at most {most} are read"
        raise InputError.of("path", text, f"{what}; do not use it")
