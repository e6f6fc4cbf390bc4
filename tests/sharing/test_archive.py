"""An archive gives the surrogate that went in, and nothing in it can do harm."""

from __future__ import annotations

import gzip
import io
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from raising import raises_input

import neurop
from neurop.sharing import archive as archives
from neurop.sharing.archive import unpack

CARD, WEIGHTS = "model/model.json", "model/model.safetensors"


def tarred(path: Path, members: list[tuple[tarfile.TarInfo, bytes]], mode: str = "w") -> Path:
    with tarfile.open(path, mode) as made:  # type: ignore[call-overload]
        for info, body in members:
            info.size = info.size or len(body)
            made.addfile(info, io.BytesIO(body))
    return path


def zipped(path: Path, members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as made:
        for name, body in members.items():
            made.writestr(name, body)
    return path


def contents(model: Path) -> dict[str, bytes]:
    return {f"model/{file.name}": file.read_bytes() for file in model.iterdir()}


@pytest.mark.parametrize("kind", ["zip", "tar", "gztar"])
@pytest.mark.parametrize("top", ["model", "run", "deep"])
def test_the_same_surrogate(kind: str, top: str, model: Path, tmp_path: Path) -> None:
    import shutil

    run = model.parent
    (run / "metrics.csv").write_text("step\n")
    root = {"model": model, "run": run, "deep": tmp_path}[top]
    path = shutil.make_archive(str(tmp_path.parent / f"{tmp_path.name}-a"), kind, root)
    x = torch.randn(2, 2, 9, 8)
    assert torch.equal(neurop.load(path)(x), neurop.load(model)(x))


def test_only_two_files_are_written(model: Path, tmp_path: Path) -> None:
    more = {**contents(model), "model/evil.py": b"raise SystemExit", "model/a.pkl": b"\x80\x04."}
    unpack(zipped(tmp_path / "a.zip", more), tmp_path / "out")
    found = sorted(path.name for path in (tmp_path / "out").rglob("*"))
    assert found == ["model.json", "model.safetensors"]


@pytest.mark.trust(
    "An archive writes nothing outside its folder",
    "names that leave the archive",
)
@pytest.mark.parametrize("name", ["../evil", "/evil", "a/../../evil", "C:\\evil", "a\\..\\evil"])
@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_no_name_leaves_the_archive(name: str, kind: str, model: Path, tmp_path: Path) -> None:
    members = contents(model) | {name: b"!"}
    path = tmp_path / f"a.{kind}"
    if kind == "zip":
        zipped(path, members)
    else:
        tarred(path, [(tarfile.TarInfo(n), body) for n, body in members.items()])
    with raises_input("path", str(path), "leaves the archive"):
        neurop.load(path)
    assert not list(tmp_path.parent.glob("evil"))


@pytest.mark.trust(
    "An archive writes nothing outside its folder",
    "links and devices",
)
@pytest.mark.parametrize(
    "kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE]
)
def test_links_and_devices_in_a_tar(kind: bytes, model: Path, tmp_path: Path) -> None:
    link = tarfile.TarInfo(WEIGHTS)
    link.type, link.linkname = kind, "/etc/passwd"
    card = (tarfile.TarInfo(CARD), (model / "model.json").read_bytes())
    path = tarred(tmp_path / "a.tar", [card, (link, b"")])
    with raises_input("path", str(path), "no regular file"):
        neurop.load(path)


@pytest.mark.trust(
    "An archive writes nothing outside its folder",
    "links and devices",
)
def test_links_in_a_zip(model: Path, tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as made:
        made.writestr(CARD, (model / "model.json").read_bytes())
        info = zipfile.ZipInfo(WEIGHTS)
        info.external_attr = 0o120777 << 16
        made.writestr(info, "/etc/passwd")
    with raises_input("path", str(path), "no regular file"):
        neurop.load(path)


@pytest.mark.trust(
    "What a file promises is compared with a bound before it is read",
    "archives that expand",
)
def test_what_expands_too_far(model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "MOST_CARD", 2**16)
    bomb = {CARD: (model / "model.json").read_bytes(), WEIGHTS: bytes(2**22)}
    path = zipped(tmp_path / "a.zip", bomb)
    assert path.stat().st_size < 2**14
    with raises_input("path", str(path), "expands"):
        neurop.load(path)
    # In a tar the zeros need not be in a member that is read.
    plain = tarred(
        tmp_path / "a.tar",
        [(tarfile.TarInfo(n), b) for n, b in {"zeros": bytes(2**22), **contents(model)}.items()],
    )
    packed = tmp_path / "b.tar.gz"
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    with raises_input("path", str(packed), "expands"):
        neurop.load(packed)
    assert neurop.load(plain).name == "fno"  # without compression nothing expands


def test_a_card_of_16_megabytes(model: Path, tmp_path: Path) -> None:
    members = contents(model) | {CARD: b" " * (archives.MOST_CARD + 1)}
    path = zipped(tmp_path / "a.zip", members, zipfile.ZIP_STORED)
    with raises_input("path", str(path), "at most"):
        neurop.load(path)


def declares_more(path: Path, model: Path) -> None:
    """Write a tar whose last header promises a terabyte."""
    info = tarfile.TarInfo(WEIGHTS)
    info.size = 2**40
    with tarfile.open(path, "w") as made:
        card = tarfile.TarInfo(CARD)
        card.size = (model / "model.json").stat().st_size
        made.addfile(card, io.BytesIO((model / "model.json").read_bytes()))
        made.fileobj.write(info.tobuf())  # type: ignore[union-attr]
        made.fileobj.write(bytes(1024))  # type: ignore[union-attr]


def is_cut(path: Path, model: Path) -> None:
    tarred(path, [(tarfile.TarInfo(n), b) for n, b in contents(model).items()])
    path.write_bytes(path.read_bytes()[:-12_000])


def is_a_cut_gzip(path: Path, model: Path) -> None:
    is_cut(path, model)
    path.write_bytes(gzip.compress(path.read_bytes())[:-100])


def is_sparse(path: Path, model: Path) -> None:
    info = tarfile.TarInfo(WEIGHTS)
    info.type = tarfile.GNUTYPE_SPARSE
    card = (tarfile.TarInfo(CARD), (model / "model.json").read_bytes())
    tarred(path, [card, (info, bytes(512))])


def has_a_wrong_sum(path: Path, model: Path) -> None:
    zipped(path, contents(model), zipfile.ZIP_STORED)
    body = bytearray(path.read_bytes())
    body[body.index(b'"format"') + 2] ^= 1
    path.write_bytes(bytes(body))


def is_encrypted(path: Path, model: Path) -> None:
    zipped(path, contents(model))
    body = path.read_bytes()
    for start, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        parts = body.split(start)
        body = start.join([parts[0], *(p[: at - 4] + b"\x01" + p[at - 3 :] for p in parts[1:])])
    path.write_bytes(body)


def has_two(path: Path, model: Path) -> None:
    zipped(path, contents(model) | {"b/model.json": b"{}"})


def has_a_card_alone(path: Path, model: Path) -> None:
    zipped(path, {CARD: b"{}", "model.safetensors": b""})


def has_none(path: Path, model: Path) -> None:
    zipped(path, {"data.pkl": b"\x80\x04."})


def is_empty(path: Path, model: Path) -> None:
    zipped(path, {})


def is_text(path: Path, model: Path) -> None:
    path.write_text("no archive")


@pytest.mark.trust(
    "A damaged file is one line, never a traceback or a wrong number",
    "archives",
)
@pytest.mark.parametrize(
    "make",
    [
        declares_more,
        is_cut,
        is_a_cut_gzip,
        is_sparse,
        has_a_wrong_sum,
        is_encrypted,
        has_two,
        has_a_card_alone,
        has_none,
        is_empty,
        is_text,
    ],
)
def test_a_damaged_archive_is_one_line(
    make: Callable[[Path, Path], None], model: Path, tmp_path: Path
) -> None:
    path = tmp_path / "a"
    make(path, model)
    with raises_input("path", str(path)):
        neurop.load(path)


def test_a_damaged_card_names_the_archive(model: Path, tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.zip", contents(model) | {CARD: b"[]"})
    with pytest.raises(neurop.InputError, match=r"a\.zip/model\.json"):
        neurop.load(path)
