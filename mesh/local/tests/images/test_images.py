"""Which program stands for which image."""

from __future__ import annotations

from pathlib import Path

import pytest

from souk_mesh.images import Images, Program, Tree, UnknownImage, load_images, repository_of
from souk_mesh.objects import Container
from souk_mesh.topology import Proxy

PYTHON = Path("/venv/bin/python")


def program(root: Path) -> Program:
    (root / "services/stock-keeper").mkdir(parents=True)
    found = load_images(root, PYTHON).find("souk/stock-keeper:1.2")
    assert isinstance(found, Program)
    return found


def test_an_image_of_ours_is_its_service(tmp_path: Path) -> None:
    found = program(tmp_path)
    assert found.folder == tmp_path / "services/stock-keeper"
    assert found.entrypoint == ("/venv/bin/python", "-m", "souk_stock_keeper")


@pytest.mark.parametrize(
    ("command", "args", "argv"),
    [
        ((), (), ("/venv/bin/python", "-m", "souk_stock_keeper")),
        ((), ("migrate",), ("/venv/bin/python", "-m", "souk_stock_keeper", "migrate")),
        (("sh", "-c"), ("true",), ("sh", "-c", "true")),
        (("sh",), (), ("sh",)),
    ],
)
def test_command_and_args_replace_what_they_replace_in_kubernetes(
    tmp_path: Path, command: tuple[str, ...], args: tuple[str, ...], argv: tuple[str, ...]
) -> None:
    container = Container(name="c", image="souk/stock-keeper", command=command, args=args)
    assert program(tmp_path).argv(container) == argv


def test_auto_is_the_proxy_alone(tmp_path: Path) -> None:
    assert load_images(tmp_path, PYTHON).find("auto") is Proxy.ROUTER


@pytest.mark.parametrize(
    ("image", "said"),
    [
        ("souk/none:1", "its program would be in services/none, which is not there"),
        ("redis:7", r"known images: souk/faulty-payment, souk/\*, auto"),
        ("souk/a/b", r"known images: souk/faulty-payment, souk/\*, auto"),
    ],
)
def test_an_image_without_a_program_is_said_to_have_none(tmp_path: Path, image: str, said: str) -> None:
    with pytest.raises(UnknownImage, match=said):
        load_images(tmp_path, PYTHON).find(image)


@pytest.mark.parametrize(
    ("image", "repository"),
    [
        ("souk/order", "souk/order"),
        ("souk/order:1.0", "souk/order"),
        ("registry.example/souk/order:1@sha256:00", "souk/order"),
        ("localhost:5000/souk/order", "souk/order"),
        ("auto", "auto"),
        ("postgres:17", "postgres"),
    ],
)
def test_registry_tag_and_digest_do_not_matter(image: str, repository: str) -> None:
    assert repository_of(image) == repository


def with_a_past(here: Path, there: Path) -> Images:
    """The images of one tree, one of which is another's."""
    for root in (here, there):
        (root / "services/order").mkdir(parents=True)
    (there / "python").touch()
    images = load_images(here, PYTHON)
    images.register("souk/order:past", Tree(there, there / "python"))
    return images


def test_a_registered_image_is_another_trees_program_and_all_other_tags_stay_this_trees(tmp_path: Path) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    images = with_a_past(here, there)
    past, present = images.find("souk/order:past"), images.find("souk/order:1")
    assert isinstance(past, Program)
    assert isinstance(present, Program)
    assert (past.folder, past.entrypoint[0], past.programs) == (
        there / "services/order",
        str(there / "python"),
        there,
    )
    assert (present.folder, present.programs) == (here / "services/order", PYTHON.parent)


def test_an_image_that_is_forgotten_is_this_trees_program_again(tmp_path: Path) -> None:
    images = with_a_past(tmp_path / "here", tmp_path / "there")
    assert images.forget("souk/order:past")
    assert images.find("souk/order:past") == images.find("souk/order:1")
    assert not images.forget("souk/order:past")


def test_a_tree_that_lacks_the_program_or_its_interpreter_is_not_registered(tmp_path: Path) -> None:
    images = load_images(tmp_path, PYTHON)
    with pytest.raises(UnknownImage, match="interpreter would be"):
        images.register("souk/order:past", Tree(tmp_path, tmp_path / "python"))
    (tmp_path / "python").touch()
    with pytest.raises(UnknownImage, match="services/order, which is not there"):
        images.register("souk/order:past", Tree(tmp_path, tmp_path / "python"))
    assert not images.registered
