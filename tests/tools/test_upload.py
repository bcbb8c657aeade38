"""What a deployment sends: read from what `wrangler deploy --dry-run --outdir` writes, for every environment."""

from __future__ import annotations

import gzip
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


def configuration() -> dict[str, Any]:
    return tomllib.loads((ROOT / "wrangler.toml").read_text())


@pytest.fixture(scope="module", params=ENVIRONMENTS)
def upload(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that a deployment of one environment would send."""
    folder = tmp_path_factory.mktemp(request.param)
    command = [
        str(NODE_MODULES / ".bin" / "node"),
        str(NODE_MODULES / "wrangler" / "bin" / "wrangler.js"),
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
