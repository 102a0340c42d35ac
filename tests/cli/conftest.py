"""The fixture `tilevm`: a folder to run commands in."""

from pathlib import Path

import pytest

from tests.cli import folder


@pytest.fixture
def tilevm(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> folder.Folder:
    monkeypatch.chdir(tmp_path)
    return folder.make(tmp_path, capsys)
