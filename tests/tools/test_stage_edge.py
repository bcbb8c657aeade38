from __future__ import annotations

from pathlib import Path

from tools.stage_edge import FOLDERS, stage


def project(root: Path) -> Path:
    for folder in (*FOLDERS, "tests", "containers"):
        (root / folder).mkdir(parents=True)
        (root / folder / "module.py").write_text(f"# {folder}\n")
    return root


def test_only_edge_folders_are_staged(tmp_path: Path) -> None:
    root, target = project(tmp_path / "project"), tmp_path / "edge"
    assert stage(root, target) == len(FOLDERS)
    assert sorted(path.parent.name for path in target.rglob("*.py")) == sorted(FOLDERS)


def test_what_is_gone_from_the_source_is_gone_from_the_stage(tmp_path: Path) -> None:
    root, target = project(tmp_path / "project"), tmp_path / "edge"
    stage(root, target)
    (root / "worker" / "module.py").unlink()
    stage(root, target)
    assert not (target / "worker").exists()


def test_an_unchanged_file_is_not_written_again(tmp_path: Path) -> None:
    root, target = project(tmp_path / "project"), tmp_path / "edge"
    stage(root, target)
    before = (target / "worker" / "module.py").stat().st_mtime_ns
    stage(root, target)
    assert (target / "worker" / "module.py").stat().st_mtime_ns == before
