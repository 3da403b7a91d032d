"""Repositories for the git server of the tests, made with git itself."""

import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

GIT = shutil.which("git") or "git"
TIMEOUT_SECONDS = 60
ENVIRONMENT = {
    "PATH": os.environ["PATH"],
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    **{f"GIT_{who}_NAME": "Ada" for who in ("AUTHOR", "COMMITTER")},
    **{f"GIT_{who}_EMAIL": "ada@example.com" for who in ("AUTHOR", "COMMITTER")},
}


def skill_md(name: str) -> bytes:
    return f"---\nname: {name}\ndescription: Does it.\n---\n".encode()


def git_can_serve() -> bool:
    if shutil.which("git") is None:
        return False
    done = subprocess.run([GIT, "--exec-path"], capture_output=True, text=True, timeout=TIMEOUT_SECONDS, check=True)
    return (Path(done.stdout.strip()) / "git-http-backend").exists()


@dataclass(frozen=True)
class Repository:
    folder: Path
    work: Path

    def git(self, *arguments: str, given: bytes = b"") -> str:
        command = (GIT, f"--git-dir={self.folder}", f"--work-tree={self.work}", *arguments)
        done = subprocess.run(
            command,
            input=given,
            capture_output=True,
            timeout=TIMEOUT_SECONDS,
            check=True,
            env=ENVIRONMENT,
            cwd=self.work,
        )
        return done.stdout.decode().strip()

    def commit(self, files: Mapping[str, bytes]) -> str:
        """The commit with these files beside those that are there."""
        for name, content in files.items():
            path = self.work / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        return self.commit_all()

    def commit_all(self) -> str:
        self.git("-c", "core.autocrlf=false", "add", "--all", "--force")
        self.git("commit", "--quiet", "--allow-empty", "--message=x")
        return self.git("rev-parse", "HEAD")

    def commit_tree(self, tree: str, *, branch: str) -> str:
        """The commit of a tree that no work tree could hold."""
        commit = self.git("commit-tree", "-m", "x", tree)
        self.git("update-ref", f"refs/heads/{branch}", commit)
        return commit


def make_repository(root: Path, name: str, *, filtering: bool = True) -> Repository:
    """`filtering`: whether the server is asked in vain to leave files out."""
    folder, work = root / name, root.parent / f"work of {name}"
    work.mkdir()
    settings = ("init", "--quiet", "--bare", "--initial-branch=main", str(folder))
    subprocess.run([GIT, *settings], timeout=TIMEOUT_SECONDS, check=True, env=ENVIRONMENT)
    repository = Repository(folder, work)
    repository.git("config", "uploadpack.allowFilter", "true" if filtering else "false")
    return repository
