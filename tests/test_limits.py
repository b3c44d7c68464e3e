"""Memory that is not there is refused before it is touched, whoever sets the limit."""

import pytest

from balloonkit.limits import HEADROOM_BYTES, MemoryLimitError, check_memory, memory_limit

GIB = 1 << 30


def machine(root, available_gib=24):
    """Write a /proc with that much memory and no control groups, to be added to."""
    (root / "proc/self").mkdir(parents=True)
    (root / "proc/meminfo").write_text(
        f"MemTotal:       99999999 kB\nMemAvailable:   {available_gib << 20} kB\n"
    )
    return root


def group(root, path, **files):
    folder = root / "sys/fs/cgroup" / path
    folder.mkdir(parents=True, exist_ok=True)
    for name, value in files.items():
        (folder / name.replace("_max", ".max").replace("_current", ".current")).write_text(value)
    return folder


def v2(root, ours="/a/b", mounted="/"):
    (root / "proc/self/cgroup").write_text(f"0::{ours}\n")
    (root / "proc/self/mountinfo").write_text(
        "22 1 0:20 / /proc rw,relatime - proc proc rw\n"
        f"30 22 0:26 {mounted} /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate\n"
    )


def test_without_groups_the_machine_decides(tmp_path):
    assert memory_limit(machine(tmp_path)) == (24 * GIB, "this machine (MemAvailable)")


@pytest.mark.parametrize("level", ["a", "a/b", ""])
def test_a_v2_group_at_any_level_can_be_the_tightest(tmp_path, level):
    v2(machine(tmp_path))
    group(tmp_path, "a/b", memory_max="max\n", memory_current=f"{GIB}\n")
    group(tmp_path, level, memory_max=f"{8 * GIB}\n", memory_current=f"{3 * GIB}\n")
    limit = memory_limit(tmp_path)
    assert limit.available_bytes == 5 * GIB
    assert limit.source == f"control group {group(tmp_path, level)} (memory.max)"


def test_cache_the_kernel_can_drop_counts_as_free(tmp_path):
    v2(machine(tmp_path))
    folder = group(tmp_path, "a/b", memory_max=f"{8 * GIB}\n", memory_current=f"{3 * GIB}\n")
    (folder / "memory.stat").write_text(f"anon 5\ninactive_file {GIB}\nactive_file 7\n")
    assert memory_limit(tmp_path).available_bytes == 6 * GIB


def test_a_container_whose_tree_begins_at_its_own_group_is_understood(tmp_path):
    v2(machine(tmp_path), ours="/docker/0123", mounted="/docker/0123")
    group(tmp_path, "", memory_max=f"{2 * GIB}\n", memory_current="0\n")
    assert memory_limit(tmp_path).available_bytes == 2 * GIB


def test_a_path_that_is_not_in_the_mounted_tree_falls_back_to_its_root(tmp_path):
    v2(machine(tmp_path), ours="/../elsewhere")
    group(tmp_path, "", memory_max=f"{2 * GIB}\n", memory_current="0\n")
    assert memory_limit(tmp_path).available_bytes == 2 * GIB


def test_a_v1_group_counts_too(tmp_path):
    root = machine(tmp_path)
    (root / "proc/self/cgroup").write_text("9:name=systemd:/\n4:cpu,memory:/box\n0::/\n")
    (root / "proc/self/mountinfo").write_text(
        "35 31 0:31 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,cpu,memory\n"
        "36 31 0:32 / /sys/fs/cgroup/devices rw,relatime - cgroup cgroup rw,devices\n"
        "41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw\n"
    )
    folder = group(root, "memory/box")
    (folder / "memory.limit_in_bytes").write_text(f"{4 * GIB}\n")
    (folder / "memory.usage_in_bytes").write_text(f"{3 * GIB}\n")
    (folder / "memory.stat").write_text(f"inactive_file 9\ntotal_inactive_file {GIB // 2}\n")
    parent = group(root, "memory")
    (parent / "memory.limit_in_bytes").write_text("9223372036854771712\n")
    (parent / "memory.usage_in_bytes").write_text(f"{3 * GIB}\n")
    assert memory_limit(root).available_bytes == GIB + GIB // 2


def test_the_refusal_says_the_figure_and_a_size_that_would_work(tmp_path):
    v2(machine(tmp_path))
    group(tmp_path, "a", memory_max=f"{4 * GIB}\n", memory_current=f"{GIB}\n")
    with pytest.raises(MemoryLimitError) as caught:
        check_memory(8 * GIB, tmp_path)
    message = str(caught.value)
    assert "8 GiB of real memory do not fit: 3 GiB are left by control group" in message
    assert "2.44 GiB would work" in message
    check_memory(caught.value.fits_bytes, tmp_path)
    assert caught.value.fits_bytes + HEADROOM_BYTES < 3 * GIB


def test_where_nothing_fits_the_refusal_says_so(tmp_path):
    with pytest.raises(MemoryLimitError, match="no size would work"):
        check_memory(1, machine(tmp_path, available_gib=0))


def test_this_machine_has_a_limit():
    assert memory_limit().available_bytes > 0
