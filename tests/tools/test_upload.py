"""What a deployment sends: read from what `wrangler deploy --dry-run --outdir` writes, for every environment."""

from __future__ import annotations

import gzip
import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest

from local.toolchain import NODE_MODULES, OFFLINE_FLAGS, ROOT, environment

ENVIRONMENTS = ("development", "staging", "production")
# The platform takes 10 MB after compression. Ours is mostly pydantic-core, 4.6 MB of WebAssembly.
BUDGET_COMPRESSED = 3_000_000
OWN_CODE_BUDGET = 1_500_000  # bytes of worker/, durable_objects/ and contracts/
OURS = {"worker", "durable_objects", "contracts"}
VENDORED = {
    "_workers_sdk_entropy_import_context.py",
    "_workers_sdk_package_patches.py",
    "_workers_sdk_patch_loader.pth",
    "_workers_sdk_patch_loader.py",
    "annotated_types",
    "asgi.py",
    "pydantic",
    "pydantic_core",
    "typing_extensions.py",
    "typing_inspection",
    "workers",
}


WRANGLER = (str(NODE_MODULES / ".bin" / "node"), str(NODE_MODULES / "wrangler" / "bin" / "wrangler.js"))


def configuration() -> dict[str, Any]:
    return tomllib.loads((ROOT / "wrangler.toml").read_text())


@pytest.fixture(scope="module", params=ENVIRONMENTS)
def upload(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that a deployment of one environment would send."""
    folder = tmp_path_factory.mktemp(request.param)
    command = [
        *WRANGLER,
        "deploy",
        "--dry-run",
        f"--outdir={folder / 'out'}",
        "--containers-rollout=none",  # the image needs Docker; `make image-test` builds it
        *([] if request.param == "development" else [f"--env={request.param}"]),
    ]
    done = subprocess.run(
        command, cwd=ROOT, env=environment(folder / "home"), capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return folder / "out"


def files(folder: Path) -> list[Path]:
    # README.md is wrangler's word about the folder, not part of the upload.
    return [path for path in folder.rglob("*") if path.is_file() and path != folder / "README.md"]


def test_only_edge_code_and_its_vendored_packages_are_sent(upload: Path) -> None:
    sent = {path.relative_to(upload).parts[0] for path in files(upload)}
    assert sent == {"main.py", "python_modules"} | OURS
    assert {path.name for path in (upload / "python_modules").iterdir()} <= VENDORED
    ours = [path for path in files(upload) if path.relative_to(upload).parts[0] in OURS]
    assert {path.suffix for path in ours} == {".py"}


def test_no_test_and_no_local_stand_in_is_sent(upload: Path) -> None:
    text = "".join(
        path.read_text() for path in files(upload) if path.suffix == ".py" and "python_modules" not in path.parts
    )
    assert "from local" not in text
    assert "import local" not in text
    assert "pytest" not in text


def test_the_upload_stays_within_its_budget(upload: Path) -> None:
    compressed = sum(len(gzip.compress(path.read_bytes())) for path in files(upload))
    own = sum(path.stat().st_size for path in files(upload) if path.relative_to(upload).parts[0] in OURS)
    assert compressed < BUDGET_COMPRESSED, f"{compressed} bytes compressed"
    assert own < OWN_CODE_BUDGET, f"{own} bytes of our own code"


@pytest.mark.parametrize("name", ENVIRONMENTS[1:])
def test_every_environment_has_the_bindings_of_development(name: str) -> None:
    """An environment inherits no binding: one that is forgotten is missed first in production."""
    top = configuration()
    other = top["env"][name]

    def names(section: dict[str, Any]) -> dict[str, set[str]]:
        queues = section.get("queues", {})
        return {
            "objects": {row["name"] + "=" + row["class_name"] for row in section["durable_objects"]["bindings"]},
            "containers": {f"{row['class_name']} at most {row['max_instances']}" for row in section["containers"]},
            "kv": {row["binding"] for row in section["kv_namespaces"]},
            "r2": {row["binding"] for row in section["r2_buckets"]},
            "producers": {row["binding"] for row in queues.get("producers", [])},
            "consumers": {row["queue"].removesuffix(f"-{name}") for row in queues.get("consumers", [])},
            "analytics": {row["binding"] for row in section.get("analytics_engine_datasets", [])},
        }

    assert names(other) == names(top)
    assert set(top["vars"]) <= set(other["vars"])
    assert other["vars"]["ENVIRONMENT"] == name


@pytest.mark.parametrize("name", ENVIRONMENTS[1:])
def test_environments_share_no_storage(name: str) -> None:
    top = configuration()
    other = top["env"][name]
    assert not {row["bucket_name"] for row in top["r2_buckets"]} & {row["bucket_name"] for row in other["r2_buckets"]}
    mine, theirs = ({row["queue"] for row in section["queues"]["producers"]} for section in (top, other))
    assert not mine & theirs
    assert "STOREMAX_ADMIN_KEY" in other["secrets"]["required"]


def test_the_flags_of_the_offline_run_are_not_deployed() -> None:
    text = (ROOT / "wrangler.toml").read_text()
    assert configuration()["compatibility_flags"] == ["python_workers"]
    assert not [flag for flag in OFFLINE_FLAGS if flag != "python_workers" and flag in text]


def test_every_object_class_is_migrated_once_and_bound() -> None:
    top = configuration()
    migrated = [name for step in top["migrations"] for name in step.get("new_sqlite_classes", [])]
    assert sorted(migrated) == sorted(set(migrated))
    assert {row["class_name"] for row in top["durable_objects"]["bindings"]} == set(migrated)


PLANTED = {
    "STOREMAX_ADMIN_KEY": "smx_planted_admin_key_0123456789",
    "STOREMAX_SIGNING_KEY": "planted-signing-key-0123456789",
}
# What a secret of ours, or of a cloud that people keep beside it, looks like.
SECRETS = re.compile(
    rb"smx_[a-z0-9]+_[0-9A-Za-z]{12}_[0-9A-Za-z]{46}|whsec_[A-Za-z0-9+/]{32,}|-----BEGIN [A-Z ]*PRIVATE KEY|AKIA[0-9A-Z]{16}"
)


def test_no_secret_of_the_machine_is_sent(tmp_path: Path) -> None:
    """Secrets planted in the environment and in the development secrets stay where they are."""
    (tmp_path / "project").mkdir()
    root = tmp_path / "project"
    for name in ("worker", "durable_objects", "contracts", "tools", "python_modules", "wrangler.toml", "Dockerfile"):
        (root / name).symlink_to((ROOT / name).resolve())
    (root / ".dev.vars").write_text("".join(f'{name}="{value}"\n' for name, value in PLANTED.items()))
    (root / ".env").write_text((root / ".dev.vars").read_text())
    done = subprocess.run(
        [*WRANGLER, "deploy", "--dry-run", f"--outdir={tmp_path / 'out'}", "--containers-rollout=none"],
        cwd=root,
        env={**environment(tmp_path / "home"), **PLANTED, "STOREMAX_EDGE_DIR": str(root / ".build" / "edge")},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    sent = files(tmp_path / "out")
    assert len(sent) > 100
    for path in sent:
        content = path.read_bytes()
        assert not [value for value in PLANTED.values() if value.encode() in content], path
        assert not SECRETS.search(content), path
    assert not [value for value in PLANTED.values() if value in done.stdout + done.stderr]
