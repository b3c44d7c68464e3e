"""Which kernel frees how."""

import pytest

from balloonkit.guest.kernel_rules import KernelRules


@pytest.mark.parametrize(
    ("release", "ascend"),
    [
        ("6.1.192 (Debian cloud, amd64)", False),
        ("6.8.0-49-generic", False),
        ("6.9.0", True),
        ("6.12.95+deb12-cloud-amd64", True),
        ("7.2.13", True),
        ("10.0", True),
    ],
)
def test_frees_ascend_from_6_9_on(release, ascend):
    rules = KernelRules.of(release)
    assert rules.frees_ascend == ascend
    assert ("6.9" in rules.name) == ascend


@pytest.mark.parametrize("release", [None, 6.1, "", "linux", "9" * 400 + ".1x"])
def test_a_kernel_that_is_not_told_is_taken_for_6_1_and_that_is_said(release):
    rules = KernelRules.of(release)
    assert rules.name.startswith("Linux 6.1")
    assert rules.frees_ascend == (release is not None and str(release).startswith("999"))
