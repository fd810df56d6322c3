#!/usr/bin/env python3
"""failures.py TESTS.xml AGAIN.xml PRESET: the tests that failed in a JUnit file of ctest's, with their
last lines; those that passed in the second run are called unstable."""
import sys
import xml.etree.ElementTree as ET

LINES = 25


def failed(path):
    return {c.get("name"): c for c in ET.parse(path).iter("testcase") if c.find("failure") is not None}


def main():
    still = failed(sys.argv[2])
    for name, case in failed(sys.argv[1]).items():
        said = (case.findtext("system-out") or "").splitlines()
        said = [s for s in said if s.strip() and not s.startswith(("[ RUN", "[       OK"))]
        print(f"{'FAILED' if name in still else 'UNSTABLE'} {sys.argv[3]}: {name}")
        for line in said[-LINES:]:
            print("    " + line[:300])


main()
