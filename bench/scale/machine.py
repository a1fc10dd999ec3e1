"""What figures of a machine are comparable with: as the other benchmarks tell it."""

import os
import platform
import re
import subprocess


def _text(path):
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""


def _line(path, name):
    found = re.search(rf"^{name}\s*:\s*(.*)$", _text(path), re.MULTILINE)
    return found[1].strip() if found else ""


def _said(*command):
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
    except OSError:
        return ""
    return done.stdout.decode(errors="replace").strip()


def _times():
    """Of all processors, in ticks: stolen, and all."""
    ticks = [int(each) for each in _text("/proc/stat").split("\n", 1)[0].split()[1:9]]
    return (ticks[7], sum(ticks)) if len(ticks) == 8 else (0, 0)


class Disturbance:
    """What else the machine did while something was measured."""

    def __init__(self):
        self.load = os.getloadavg()[0]
        self.times = _times()

    def tell(self):
        stolen, total = (now - then for now, then in zip(_times(), self.times))
        return {"load_before": self.load, "load_after": os.getloadavg()[0],
                "steal_percent": 100 * stolen / total if total > 0 else 0}


def _turbo():
    not_allowed = _text("/sys/devices/system/cpu/intel_pstate/no_turbo").strip()
    allowed = _text("/sys/devices/system/cpu/cpufreq/boost").strip()
    if not_allowed:
        return "on" if not_allowed == "0" else "off"
    return {"1": "on", "": "unknown"}.get(allowed, "off")


def _huge_pages():
    chosen = re.search(r"\[(\w+)\]", _text("/sys/kernel/mm/transparent_hugepage/enabled"))
    return chosen[1] if chosen else "none"


def environment(folder, disturbance):
    """Of this machine, with the file system of `folder`. How the benchmark itself is compiled says
    nothing: it is not."""
    aslr = _text("/proc/sys/kernel/randomize_va_space").strip()
    gcc = _said("gcc", "-dumpfullversion")
    return {
        "processor": _line("/proc/cpuinfo", "model name") or "unknown",
        "processors": len(os.sched_getaffinity(0)),
        "memory": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        "page_size": os.sysconf("SC_PAGE_SIZE"),
        "kernel": f"{platform.system()} {platform.release()}",
        "arch": platform.machine(),
        "governor": _text("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor").strip() or "none",
        "turbo": _turbo(),
        "huge_pages": _huge_pages(),
        **({"aslr": int(aslr)} if aslr.isdigit() else {}),
        # Where statfs(2) cannot tell which of them it is, neither do the other benchmarks.
        "file_system": re.sub("^ext[234]$", "ext", _said("findmnt", "-n", "-o", "FSTYPE", "-T", folder)) or "unknown",
        "libc": " ".join(platform.libc_ver()),
        "compiler": f"gcc {gcc}" if gcc else "unknown",
        "libraries": {"bazel": _bazel(), "ninja": _said("ninja", "--version") or "none"},
        **disturbance.tell(),
    }


def _bazel():
    """Debian's does not know its own version."""
    said = _said("bazel", "--version").removeprefix("bazel ")
    if re.match(r"[0-9]", said):
        return said
    return _said("dpkg-query", "-W", "-f", "${Version}", "bazel-bootstrap") or "unknown"
