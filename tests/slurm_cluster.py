"""A real Slurm cluster on this host for tests: munge, a controller and two nodes, all in one temporary folder.

Needs the packages slurm-wlm and munge (Debian's names) and root, because slurmd starts jobs as the user who sent them.
Daemons run in the foreground as children of the tests; what is stopped is what was started, by process id.
"""

import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

import psutil

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "squeue", "scontrol")
NODES = ("n1", "n2")
ADMIN_PATH = "/usr/sbin:/sbin:/usr/bin:/bin"
SLURM_CONF = """\
ClusterName=plasticity
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={controller_port}
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge/socket
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool-%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd-%n.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=task=1
JobAcctGatherParams=OverMemoryKill
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
SwitchType=switch/none
MailProg=/bin/true
SlurmdParameters=config_overrides
ReturnToService=2
SlurmdTimeout=6
KillWait=3
CompleteWait=0
SchedulerParameters=batch_sched_delay=0
GresTypes=gpu
{nodes}
PartitionName=cpu Nodes=n1,n2 Default=YES MaxTime=INFINITE State=UP
PartitionName=gpu Nodes=n1,n2 MaxTime=INFINITE State=UP
"""
# Neither cores nor memory nor GPUs of these nodes exist; Slurm counts them all the same.
NODE = "NodeName={node} NodeHostname={host} NodeAddr=127.0.0.1 Port={port} CPUs=8 RealMemory=64000 Gres=gpu:2"
GPUS = "NodeName=n[1-2] Name=gpu File=/dev/null\nNodeName=n[1-2] Name=gpu File=/dev/zero\n"


def why_not() -> str | None:
    """Return why no cluster can be started here, or None."""
    missing = [program for program in PROGRAMS if shutil.which(program, path=search_path()) is None]
    if missing:
        return f"no {', '.join(missing)} (packages slurm-wlm and munge)"
    return None if os.geteuid() == 0 else "a Slurm node can only be started by root"


def search_path() -> str:
    return f"{os.environ['PATH']}:{ADMIN_PATH}"


def wait_for(condition: Callable[[], Any], what: str, *, seconds: float = 90.0) -> Any:
    """Wait until the condition holds and return its value.

    Raises:
        TimeoutError: It does not hold within that time.
    """
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if value := condition():
            return value
        time.sleep(0.1)
    raise TimeoutError(f"expected {what} within {seconds:g} s")


class SlurmCluster:
    """Munge, slurmctld and the nodes n1 and n2; partitions cpu and gpu."""

    def __init__(self) -> None:
        # Not pytest's folder: munged refuses one that its own user cannot enter, and sockets need short names.
        self.folder = Path(tempfile.mkdtemp(prefix="slurm-"))
        self.folder.chmod(0o755)
        self.environment = os.environ | {
            "PATH": f"{self.folder}/bin:{search_path()}",
            "SLURM_CONF": str(self.folder / "slurm.conf"),
        }
        self.processes: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> Self:
        try:
            self.configure()
            self.start_munge()
            self.start("slurmctld", "-D")
            for node in NODES:
                self.start_node(node)
            wait_for(lambda: self.node_states() == dict.fromkeys(NODES, "idle"), "two idle nodes", seconds=60)
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def configure(self) -> None:
        """Write slurm.conf and gres.conf with free ports of this host."""
        host = socket.gethostname().partition(".")[0]
        ports = free_ports(1 + len(NODES))
        rows = [NODE.format(node=node, host=host, port=port) for node, port in zip(NODES, ports[1:], strict=True)]
        text = SLURM_CONF.format(host=host, folder=self.folder, controller_port=ports[0], nodes="\n".join(rows))
        (self.folder / "state").mkdir()
        (self.folder / "slurm.conf").write_text(text, encoding="utf-8")
        (self.folder / "gres.conf").write_text(GPUS, encoding="utf-8")
        self.wrap_srun()

    def wrap_srun(self) -> None:
        """Let jobs find this cluster: the plugin clears SLURM_CONF for srun, as real clusters have it in /etc/slurm."""
        script = self.folder / "bin" / "srun"
        script.parent.mkdir()
        conf, srun = self.environment["SLURM_CONF"], shutil.which("srun", path=search_path())
        script.write_text(f'#!/bin/sh\nSLURM_CONF={conf} exec {srun} "$@"\n', encoding="utf-8")
        script.chmod(0o755)

    def start_munge(self) -> None:
        """Start munged as the user munge, with a key of this cluster alone."""
        owner = pwd.getpwnam("munge")
        folder = self.folder / "munge"
        folder.mkdir(mode=0o755)
        (folder / "key").write_bytes(os.urandom(128))
        (folder / "key").chmod(0o600)
        for path in (folder, folder / "key"):
            os.chown(path, owner.pw_uid, owner.pw_gid)
        names = {"--socket": "socket", "--pid-file": "pid", "--log-file": "log", "--seed-file": "seed"}
        files = [f"{option}={folder / name}" for option, name in names.items()]
        self.start("munged", "--foreground", f"--key-file={folder / 'key'}", *files, user="munge")
        wait_for((folder / "socket").exists, "munge's socket")

    def start(self, program: str, *arguments: str, name: str | None = None, user: str | None = None) -> None:
        """Start a daemon in the foreground."""
        executable = shutil.which(program, path=search_path())
        assert executable is not None
        with (self.folder / f"{name or program}.log").open("ab") as log:
            self.processes[name or program] = subprocess.Popen(
                [executable, *arguments], env=self.environment, stdout=log, stderr=log, user=user
            )

    def start_node(self, node: str) -> None:
        """Start the daemon of a node."""
        self.start("slurmd", "-D", "-N", node, name=node)

    def kill(self, name: str, kind: signal.Signals = signal.SIGKILL) -> None:
        """Stop one daemon and wait for its end, which is forced after 20 s."""
        process = self.processes.pop(name)
        process.send_signal(kind)
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def stop(self) -> None:
        """Cancel all jobs, stop the daemons in the reverse order of their start, and remove the folder."""
        if "slurmctld" in self.processes:
            with suppress(subprocess.SubprocessError, TimeoutError):
                self.command("scancel", "--user=root")
                wait_for(lambda: not self.command("squeue", "--noheader"), "an empty queue", seconds=20)
        for name in reversed(list(self.processes)):
            self.kill(name, signal.SIGTERM)
        for process in self.shepherds():  # of jobs that no controller knows any more
            with suppress(psutil.NoSuchProcess):
                process.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def command(self, *words: str) -> str:
        """Return what a Slurm command prints."""
        return subprocess.run(
            words, env=self.environment, check=True, text=True, capture_output=True, timeout=30
        ).stdout.strip()

    def node_states(self) -> dict[str, str]:
        """Return the state of every node, empty while the controller does not answer."""
        try:
            lines = self.command("sinfo", "--noheader", "--Node", "--partition=cpu", "--format=%N %t").splitlines()
        except subprocess.SubprocessError:
            return {}
        return dict(line.split() for line in lines)

    def jobs(self) -> list[dict[str, str]]:
        """Return what the controller knows of all jobs, ended ones included, in the order of their submission."""
        lines = self.command("scontrol", "--oneliner", "show", "job").splitlines()
        jobs = [dict(re.findall(r"(\S+?)=(\S*)", line)) for line in lines if line.startswith("JobId=")]
        return sorted(jobs, key=lambda job: int(job["JobId"]))

    def job(self, number: str) -> dict[str, str]:
        """Return what the controller knows of one job."""
        (found,) = [job for job in self.jobs() if job["JobId"] == number]
        return found

    def hasten(self, number: str) -> None:
        """Let a job that goes back to the queue start at once: Slurm holds it back for two minutes."""
        wait_for(lambda: self.job(number)["JobState"] == "PENDING", f"job {number} back in the queue")
        self.command("scontrol", "update", f"JobId={number}", "StartTime=now")

    def kill_node(self, node: str) -> list[str]:
        """Take the power from a node: its daemon, the shepherds of its jobs, and all that these have started.

        Returns:
            The jobs that ran there.
        """
        numbers = [job["JobId"] for job in self.jobs() if job["NodeList"] == node and job["JobState"] == "RUNNING"]
        shepherds = [
            each for each in self.shepherds() if any(f"[{number}." in " ".join(each.cmdline()) for number in numbers)
        ]
        self.kill(node)
        # Shepherds first: one that outlives its job tells the controller how the job ended.
        for process in shepherds + [child for shepherd in shepherds for child in shepherd.children(recursive=True)]:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        self.command("scontrol", "update", f"NodeName={node}", "State=DOWN", "Reason=test")
        return numbers

    def shepherds(self) -> list[psutil.Process]:
        """Return this cluster's slurmstepd: each tends a job or a step of one and says which in its title."""
        found = []
        for process in psutil.process_iter(["cmdline"]):
            with suppress(psutil.Error):
                if " ".join(process.info["cmdline"] or ()).startswith("slurmstepd:"):
                    found += [process] if process.environ().get("SLURM_CONF") == self.environment["SLURM_CONF"] else []
        return found

    def revive_node(self, node: str) -> None:
        """Start a node again that was killed."""
        self.start_node(node)
        self.command("scontrol", "update", f"NodeName={node}", "State=RESUME")


def free_ports(count: int) -> list[int]:
    """Return ports that nobody listens on."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports
