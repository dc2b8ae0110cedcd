"""Every command in the pages runs: here, in another test that is named, or not at all and says why."""

import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from tests.docs.elsewhere import ELSEWHERE, Proof
from tests.docs.pages import COMMANDS, SHOWN, Block, list_pages, read_blocks, read_page
from tests.docs.shell import MARKS, PROGRAMS, Clone, find_difference

from stafford.jobs import broker
from stafford.settings import PROJECT_DIR, Settings

PAGES = list_pages()


def runs_here(block: Block) -> bool:
    """Whether this test runs the block: it is for a shell, has no excuse, and nobody else runs it."""
    known = [command in ELSEWHERE for command in block.commands]
    return block.language in PROGRAMS and block.excuse is None and bool(known) and not any(known)


def find_unproven(blocks: Iterable[Block]) -> list[str]:
    """What is wrong with the blocks, each with its page and line."""
    wrong = []
    for block in blocks:
        known = [command in ELSEWHERE for command in block.commands]
        if block.language not in COMMANDS | SHOWN:
            wrong.append(
                f"{block}: language {block.language!r}; name one of {', '.join(sorted(COMMANDS | SHOWN))}"
            )
        elif block.language not in COMMANDS or block.excuse or runs_here(block) or (known and all(known)):
            continue
        elif any(known):
            wrong.append(
                f"{block}: only some of its commands are run elsewhere; "
                f"put {block.commands[known.index(False)]!r} in a block of its own"
            )
        else:
            wrong.append(
                f"{block}: nothing runs it. Write `<!-- not run: reason -->` directly above, or name the "
                "test that runs the same in tests/docs/elsewhere.py"
            )
    return wrong


def list_parameters() -> Iterator[object]:
    for page in PAGES:
        mine = [block for block in read_page(page) if runs_here(block)]
        if mine:
            text = "\n".join(block.text for block in mine)
            marks = [mark for pattern, mark in MARKS.items() if pattern.search(text)]
            yield pytest.param(page, marks=marks, id=page)


@pytest.fixture(scope="session")
def original(tmp_path_factory: pytest.TempPathFactory) -> Clone:
    """One clone, which nobody changes."""
    return Clone.make(tmp_path_factory.mktemp("original"))


@pytest.fixture
def clone(original: Clone, tmp_path: Path) -> Iterator[Clone]:
    """A clone for one page; a broker that its commands leave behind is ended."""
    path = tmp_path / "stafford"
    shutil.copytree(original.path, path, symlinks=True)
    yield Clone(path, original.environment | {"PYTHONPATH": str(path / "src")})
    for home in (path / "data").glob("*/"):
        broker.stop(Settings(home=home))


@pytest.mark.skipif(shutil.which("sh") is None, reason="the blocks are for a POSIX shell")
@pytest.mark.parametrize("page", list(list_parameters()))
def test_a_page_s_commands_work(page: str, clone: Clone) -> None:
    """Typed from top to bottom in a fresh clone, every command of a page succeeds."""
    for block in read_page(page):
        if runs_here(block):
            clone.run(block)


def test_every_block_is_proven() -> None:
    """No page has a block that nothing runs and that does not say why."""
    wrong = [problem for page in PAGES for problem in find_unproven(read_page(page))]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("```sh\nstafford demo\nstafford doctor\n```", "a.md:1: only some of its commands are run elsewhere"),
        ("\n```powershell\nstafford doctor\n```", "a.md:2: nothing runs it"),
        ("```sh\n# nothing but a comment\n```", "a.md:1: nothing runs it"),
        ("- item\n\n  ```\n  stafford doctor\n  ```", "a.md:3: language ''"),
        ("<!-- not run: -->\n```powershell\nGet-Date\n```", "a.md:2: nothing runs it"),
        ("<!-- not run: reason -->\n\n```powershell\nGet-Date\n```", "a.md:3: nothing runs it"),
    ],
)
def test_an_unproven_block_is_found(text: str, problem: str) -> None:
    """Negative control: it is named with its page and line."""
    (found,) = find_unproven(read_blocks("a.md", text))
    assert found.startswith(problem)


def test_a_proven_block_is_not_named() -> None:
    """A block that is run elsewhere, one that is excused, and one that is only shown are all right."""
    text = "```sh\nmake test\n```\n<!-- not run: it is dear -->\n```sh\nrm -r data\n```\n```yaml\na: 1\n```"
    assert find_unproven(read_blocks("a.md", text)) == []


def test_a_failing_command_is_found(clone: Clone) -> None:
    """Negative control: a block whose first command fails is named, though its last one succeeds."""
    (block,) = read_blocks("a.md", "text\n```sh\nls no-such-file\ntrue\n```")
    with pytest.raises(AssertionError, match=r"a\.md:2 exited with [12]"):
        clone.run(block)


def test_the_clone_runs_its_own_code(clone: Clone) -> None:
    """A page that changes the code or a contract sees its change, and the project does not."""
    contract = clone.path / "contracts" / "orders.odcs.yaml"
    contract.write_text(contract.read_text(encoding="utf-8").replace("required: true", "requried: true", 1))
    (block,) = read_blocks("a.md", "```sh\nstafford contracts derive --check\n```")
    with pytest.raises(AssertionError, match=r"orders\.odcs\.yaml"):
        clone.run(block)


def test_a_console_block_keeps_its_promise() -> None:
    """What a console block shows must be printed, in its order; an ellipsis stands for what varies."""
    assert find_difference("$ run\nsent …\ndone", "sent 7\nnoise\ndone\n") is None
    assert find_difference("$ run\ndone\nsent …", "sent 7\ndone\n") == "sent …"


@pytest.mark.parametrize("command", list(ELSEWHERE))
def test_what_is_run_elsewhere_is(command: str) -> None:
    """The test that a command is entrusted to is there."""
    assert proves(ELSEWHERE[command])


def test_the_table_has_no_stale_line() -> None:
    """Every command of the table stands on a page."""
    typed = {command for page in PAGES for block in read_page(page) for command in block.commands}
    assert set(ELSEWHERE) - typed == set()


def test_a_proof_that_is_gone_is_found() -> None:
    """Negative control: neither an absent file nor one without the test proves anything."""
    assert not proves(Proof("tests/e2e/test_gone.py", "def test_demo", "it was renamed"))
    assert not proves(Proof("tests/e2e/test_demo.py", "def test_gone", "it was renamed"))


def proves(proof: Proof) -> bool:
    path = PROJECT_DIR / proof.path
    return path.is_file() and proof.shows in path.read_text(encoding="utf-8")
