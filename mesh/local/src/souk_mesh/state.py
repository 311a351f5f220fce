"""The folder where one mesh keeps everything, and the short folder where its sockets are."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

# A unix socket's path may have 107 characters (sockaddr_un); the longest name that we put there has 12.
LONGEST_RUNTIME = 94


class StateError(Exception):
    """The state folder cannot be used; the text says why and what to do."""


@dataclass(frozen=True)
class StateDir:
    """Where things are, below one folder. Several meshes run beside each other, each in a folder of its own."""

    root: Path

    @property
    def lock(self) -> Path:
        """Held by the supervisor as long as it lives; holds its process id."""
        return self.root / "lock"

    @property
    def supervisor_log(self) -> Path:
        """What the supervisor says."""
        return self.root / "supervisor.log"

    @property
    def children(self) -> Path:
        """The ledger of the processes that it started."""
        return self.root / "children"

    @property
    def pods(self) -> Path:
        """A folder per pod, by namespace, gone when the pod is: files from ConfigMaps and Secrets, and emptyDirs."""
        return self.root / "pods"

    @property
    def logs(self) -> Path:
        """A folder per pod, by namespace; in it a file per container."""
        return self.root / "logs"

    @property
    def volumes(self) -> Path:
        """What PersistentVolumeClaims hold, by namespace and claim."""
        return self.root / "volumes"

    @property
    def identity(self) -> Path:
        """The certificate authority."""
        return self.root / "identity"

    @property
    def runtime(self) -> Path:
        """Where the sockets are: the folder itself, or a shorter one that is noted there."""
        note = self.root / "runtime"
        return Path(note.read_text()) if note.exists() else self.root

    @property
    def control_socket(self) -> Path:
        """Where the supervisor takes orders."""
        return self.runtime / "control.sock"

    @property
    def xds_socket(self) -> Path:
        """Where proxies ask for their configuration."""
        return self.runtime / "xds.sock"

    @property
    def observer_socket(self) -> Path:
        """Where proxies tell of requests: a link to the socket of whoever observes, as long as somebody does."""
        return self.runtime / "access.sock"

    def prepare(self) -> None:
        """Makes the folder, and a short one for sockets when its own path is too long for them.

        Raises:
            StateError: when a folder cannot be made or written to.
        """
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=self.root):
                pass
        except OSError as error:
            raise StateError(
                f"{self.root}: cannot write there ({error.strerror})\n"
                "  choose another folder with --home or SOUK_HOME, or give yourself the right to write"
            ) from error
        if len(os.fsencode(self.root)) > LONGEST_RUNTIME:
            (self.root / "runtime").write_text(str(self._short_folder()))

    def discard_runtime(self) -> None:
        """Removes the sockets, and the short folder if there is one."""
        self.control_socket.unlink(missing_ok=True)
        self.xds_socket.unlink(missing_ok=True)
        self.observer_socket.unlink(missing_ok=True)
        if self.runtime != self.root:
            shutil.rmtree(self.runtime, ignore_errors=True)
            (self.root / "runtime").unlink(missing_ok=True)

    def take_lock(self) -> int | None:
        """Becomes the one supervisor of this folder; None when another is. The lock lasts as long as the process."""
        descriptor = os.open(self.lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return None
        os.ftruncate(descriptor, 0)
        os.write(descriptor, str(os.getpid()).encode())
        return descriptor

    def supervisor(self) -> int | None:
        """The process id of the supervisor that runs here; None when none does."""
        try:
            descriptor = os.open(self.lock, os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:
            return None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            text = os.read(descriptor, 32).decode()
            return int(text) if text.isdigit() else 0
        finally:
            os.close(descriptor)
        return None

    def _short_folder(self) -> Path:
        base = Path(os.environ.get("XDG_RUNTIME_DIR") or tempfile.gettempdir())
        digest = hashlib.sha256(os.fsencode(self.root)).hexdigest()[:12]
        folder = base / f"souk-{os.getuid()}-{digest}"
        folder.mkdir(mode=0o700, exist_ok=True)
        # Anybody can make a folder in /tmp: sockets that hand out keys go only where nobody else can.
        stat = folder.stat()
        if stat.st_uid != os.getuid() or stat.st_mode & 0o077:
            raise StateError(f"{folder}: belongs to somebody else or is open to others\n  remove it, and try again")
        return folder
